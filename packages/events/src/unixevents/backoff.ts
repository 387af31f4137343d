const FIRST_MS = 10
const LONGEST_MS = 1000

/** The waits between attempts to connect: each about twice the last, up to a second, at random so that many spread. */
export class Backoff {
  #ms = FIRST_MS

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const ms = this.#ms * (0.5 + Math.random() / 2)
    this.#ms = Math.min(this.#ms * 2, LONGEST_MS)
    return ms
  }
}
