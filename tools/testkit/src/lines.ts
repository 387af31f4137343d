type Stream = 'stdout' | 'stderr'

interface Waiter {
  readonly pattern: RegExp
  readonly resolve: (match: RegExpExecArray) => void
  readonly reject: (error: Error) => void
}

/** The output of a process: kept whole, and cut into lines that can be waited for. */
export class Lines {
  readonly #name: string
  readonly #text: Record<Stream, string> = { stdout: '', stderr: '' }
  readonly #rest: Record<Stream, string> = { stdout: '', stderr: '' }
  readonly #waiters = new Set<Waiter>()
  #lines: string[] = []
  #ended: string | undefined

  constructor(name: string) {
    this.#name = name
  }

  text(stream: Stream): string {
    return this.#text[stream]
  }

  add(stream: Stream, text: string): void {
    this.#text[stream] += text
    const lines = (this.#rest[stream] + text).split('\n')
    this.#rest[stream] = lines.pop() ?? ''
    this.#lines.push(...lines.map((line) => line.replace(/\r$/, '')))
    this.#serve()
  }

  /** No more output comes: an unfinished line counts as one, and the calls that still wait reject with `why`. */
  end(why: string): void {
    this.#ended = why
    this.#lines.push(...Object.values(this.#rest).filter(Boolean))
    this.#serve()
    for (const waiter of this.#waiters) waiter.reject(this.#error(waiter.pattern, why))
    this.#waiters.clear()
  }

  async waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const match = this.#take(pattern)
    if (match !== undefined) return match
    if (this.#ended !== undefined) throw this.#error(pattern, this.#ended)
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const waiter: Waiter = { pattern, resolve, reject }
    const late = (): void => reject(this.#error(pattern, `${timeoutMs} ms have passed`))
    const timer = setTimeout(late, timeoutMs)
    this.#waiters.add(waiter)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    })
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      const match = this.#take(waiter.pattern)
      if (match === undefined) continue
      this.#waiters.delete(waiter)
      waiter.resolve(match)
    }
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    for (const [index, line] of this.#lines.entries()) {
      pattern.lastIndex = 0
      const match = pattern.exec(line)
      if (match === null) continue
      this.#lines = this.#lines.toSpliced(index, 1)
      return match
    }
    return undefined
  }

  #error(pattern: RegExp, why: string): Error {
    const { stdout, stderr } = this.#text
    return new Error(
      `No line matching ${pattern} from ${this.#name}: ${why}\nstdout: ${stdout || '(nothing)'}\nstderr: ${stderr || '(nothing)'}`,
    )
  }
}
