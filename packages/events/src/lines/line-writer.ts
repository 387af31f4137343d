/** What one client of a line server has not taken yet: write, length, caughtUp. */
import type { Duplex } from 'node:stream'

/** How many characters are handed to the system at once: the client is seen to read after each of them. */
const BATCH_LENGTH = 64 * 1024

/** A client that has taken nothing for this long, in milliseconds, does not read. */
const STALLED_MS = 1000

/** Text that waits for one client, in order. It goes out in batches, so that it shows whether the client reads. */
export class LineWriter {
  readonly #socket: Duplex
  #waiting: string[] = []
  #waitingLength = 0
  #writingLength = 0
  #progressAt = 0
  #scheduled = false
  #whenTaken = new Set<() => void>()

  constructor(socket: Duplex) {
    this.#socket = socket
    socket.once('close', () => this.#taken())
  }

  /** How many characters wait, those that the system has not taken yet included. */
  get length(): number {
    return this.#waitingLength + this.#writingLength
  }

  /** Writes text after all that waits; drops it when the client is gone. */
  write(text: string): void {
    if (!this.#socket.writable) return
    if (this.length === 0) this.#progressAt = performance.now()
    this.#waiting.push(text)
    this.#waitingLength += text.length
    this.#schedule()
  }

  /** Ends the stream after all that waits. */
  end(): void {
    if (!this.#socket.writable) return
    if (this.#waitingLength > 0) this.#socket.write(this.#take(Infinity))
    this.#socket.end()
  }

  /**
   * Waits until at most `most` characters wait, the client is gone, or it has taken nothing for a second.
   *
   * @returns undefined when there is nothing to wait for
   */
  caughtUp(most: number): Promise<void> | undefined {
    return this.#isBehind(most) ? this.#waitUntil(most, STALLED_MS) : undefined
  }

  /** As {@link LineWriter.caughtUp}, however long a client takes that does not read. */
  drained(most: number): Promise<void> | undefined {
    return this.length > most ? this.#waitUntil(most, Infinity) : undefined
  }

  #isBehind(most: number): boolean {
    return this.length > most && performance.now() - this.#progressAt < STALLED_MS
  }

  async #waitUntil(most: number, stalledMs: number): Promise<void> {
    while (this.#socket.writable && this.length > most) {
      const left = this.#progressAt + stalledMs - performance.now()
      if (left <= 0) return
      await this.#nextTaken(left)
    }
  }

  async #nextTaken(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = ms === Infinity ? undefined : setTimeout(resolve, ms)
    this.#whenTaken.add(resolve)
    await promise
    clearTimeout(timer)
    this.#whenTaken.delete(resolve)
  }

  // What is written in one run of JavaScript goes out together, after it.
  #schedule(): void {
    if (this.#scheduled || this.#writingLength > 0) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#writingLength > 0 || this.#waitingLength === 0 || !this.#socket.writable) return
    const batch = this.#take(BATCH_LENGTH)
    this.#writingLength = batch.length
    this.#socket.write(batch, () => {
      this.#writingLength = 0
      this.#progressAt = performance.now()
      this.#flush()
      this.#taken()
    })
  }

  /** Removes texts of about `length` characters from the beginning. */
  #take(length: number): string {
    let count = 0
    let size = 0
    while (count < this.#waiting.length && size < length) size += this.#waiting[count++]?.length ?? 0
    this.#waitingLength -= size
    return this.#waiting.splice(0, count).join('')
  }

  #taken(): void {
    for (const resolve of this.#whenTaken) resolve()
  }
}
