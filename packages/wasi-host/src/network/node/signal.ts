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
    // A waiter goes on in this turn: it leaves the list, where the last takes its place, and may join it again.
    for (let at = this.#waiters.length - 1; at >= 0; at -= 1) this.#waiters[at]?.look()
  }
}
