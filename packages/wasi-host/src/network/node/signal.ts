/** Waits for one end, or for several. */
export interface Waiter {
  /** Called when an end may have become ready. */
  look(): void
}

/** Notifies waiters that an end may have become ready. */
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
    // A waiter goes on in this turn: it leaves the list, and may join it again.
    const told = [...this.#waiters]
    for (const waiter of told) waiter.look()
  }
}
