/** LineQueue: received lines that wait for a reader. */

interface Waiter {
  readonly resolve: (line: string | null) => void
  readonly reject: (error: Error) => void
}

/** Lines that wait for `take`, or calls of `take` that wait for lines. */
export class LineQueue {
  readonly #waiters = new Set<Waiter>()
  #lines: string[] = []
  #length = 0
  #ended = false
  #error: Error | undefined

  /** The length of all lines that wait, in characters. */
  get length(): number {
    return this.#length
  }

  push(line: string): void {
    const [waiter] = this.#waiters
    if (waiter) {
      this.#waiters.delete(waiter)
      waiter.resolve(line)
      return
    }
    this.#lines.push(line)
    this.#length += line.length
  }

  /** The end of the stream: `take` resolves with null, or rejects with the error. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    for (const waiter of this.#waiters) {
      if (error) waiter.reject(error)
      else waiter.resolve(null)
    }
    this.#waiters.clear()
  }

  /** The next line; null at the end. Lines that arrived before an error come first. */
  async take(signal: AbortSignal | undefined): Promise<string | null> {
    signal?.throwIfAborted()
    const line = this.#lines.shift()
    if (line !== undefined) {
      this.#length -= line.length
      return line
    }
    if (this.#error) throw this.#error
    if (this.#ended) return null
    const { promise, resolve, reject } = Promise.withResolvers<string | null>()
    const waiter: Waiter = { resolve, reject }
    const abort = (): void => {
      this.#waiters.delete(waiter)
      reject(signal?.reason as Error)
    }
    this.#waiters.add(waiter)
    signal?.addEventListener('abort', abort, { once: true })
    return await promise.finally(() => signal?.removeEventListener('abort', abort))
  }
}
