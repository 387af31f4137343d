/** Log: lines in a file, the last of them in memory, and those that follow it. */
import { appendFile } from 'node:fs/promises'
import { once, EventEmitter } from 'node:events'

const KEPT = 1000

export class Log {
  readonly #file: string | undefined
  readonly #said = new EventEmitter<{ line: [] }>().setMaxListeners(0)
  #lines: string[] = []
  /** How many lines there were before those that are kept. */
  #before = 0
  #written: Promise<void> = Promise.resolve()

  /** @param file - undefined: in memory only */
  constructor(file: string | undefined) {
    this.#file = file
  }

  write(text: string): void {
    const line = `${new Date().toISOString()} ${process.pid} ${text}`
    this.#lines.push(line)
    if (this.#lines.length > 2 * KEPT) {
      this.#before += KEPT
      this.#lines = this.#lines.slice(KEPT)
    }
    this.#said.emit('line')
    const file = this.#file
    if (file === undefined) return
    this.#written = this.#written.then(() => appendFile(file, `${line}\n`, { mode: 0o600 })).catch(() => {})
  }

  /** The last lines, then those that come, until nobody reads. */
  async *follow(last: number, signal: AbortSignal): AsyncGenerator<string> {
    let next = this.#before + Math.max(0, this.#lines.length - last)
    while (!signal.aborted) {
      while (next < this.#before + this.#lines.length) {
        // A reader that is far behind misses lines that are not kept any more.
        next = Math.max(next, this.#before)
        yield this.#lines[next++ - this.#before] ?? ''
      }
      await once(this.#said, 'line', { signal }).catch(() => {})
    }
  }

  /** Resolves when everything is in the file. */
  flush(): Promise<void> {
    return this.#written
  }
}
