/** Who waits for an end, or for several. */
export interface Waiter {
  /** Told when an end may have become ready. */
  look(): void
}

/** Tells those who wait that an end may have become ready. */
export class Signal {
  // Mostly there is one.
  #waiters: Waiter[] = []

  on(waiter: Waiter): void {
    this.#waiters.push(waiter)
  }

  off(waiter: Waiter): void {
    const at = this.#waiters.lastIndexOf(waiter)
    if (at === -1) return
    const last = this.#waiters.pop()!
    if (at < this.#waiters.length) this.#waiters[at] = last
  }

  notify(): void {
    if (this.#waiters.length === 0) return
    if (this.#waiters.length === 1) {
      this.#waiters[0]!.look()
      return
    }
    // Who is told goes on in this turn: it leaves, and may come again.
    const told = [...this.#waiters]
    for (const waiter of told) waiter.look()
  }
}
