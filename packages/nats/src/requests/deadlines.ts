/** Deadlines: many waits of one length, with one timer. */

/** How exact a deadline is, of its length; a timer for each wait would cost more than the request. */
const PART = 20
const LEAST_MS = 5

export class Deadlines {
  readonly #lengthMs: number
  readonly #over: (id: number) => void
  /** In the order in which they are over. */
  readonly #ends = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param over - called with what waited too long */
  constructor(lengthMs: number, over: (id: number) => void) {
    this.#lengthMs = lengthMs
    this.#over = over
  }

  add(id: number): void {
    if (this.#lengthMs === Infinity) return
    this.#ends.set(id, performance.now() + this.#lengthMs)
    this.#timer ??= setInterval(() => this.#look(), Math.max(LEAST_MS, this.#lengthMs / PART)).unref()
  }

  delete(id: number): void {
    this.#ends.delete(id)
  }

  #look(): void {
    const now = performance.now()
    for (const [id, end] of this.#ends) {
      if (end > now) break
      this.#ends.delete(id)
      this.#over(id)
    }
    if (this.#ends.size === 0) this.close()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
