/**
 * Timeouts of many things with few different durations: one timer per duration instead of one per thing, since things
 * with the same duration end in the order in which they began.
 */
export class Deadlines<Key> {
  readonly #expired: (key: Key, durationMs: number) => void
  readonly #queues = new Map<number, Map<Key, number>>()
  readonly #timers = new Map<number, NodeJS.Timeout>()

  constructor(expired: (key: Key, durationMs: number) => void) {
    this.#expired = expired
  }

  add(key: Key, durationMs: number): void {
    let queue = this.#queues.get(durationMs)
    if (queue === undefined) {
      queue = new Map()
      this.#queues.set(durationMs, queue)
    }
    queue.set(key, performance.now() + durationMs)
    if (!this.#timers.has(durationMs)) this.#arm(durationMs, durationMs)
  }

  delete(key: Key, durationMs: number): void {
    // The timer stays: it finds nothing due, and goes away then.
    this.#queues.get(durationMs)?.delete(key)
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#queues.clear()
  }

  #arm(durationMs: number, delayMs: number): void {
    // Without a connection that keeps the process alive nothing waits for it.
    this.#timers.set(durationMs, setTimeout(() => this.#check(durationMs), delayMs).unref())
  }

  #check(durationMs: number): void {
    this.#timers.delete(durationMs)
    const queue = this.#queues.get(durationMs)
    const now = performance.now()
    for (const [key, at] of queue ?? []) {
      if (at > now) {
        this.#arm(durationMs, Math.max(1, Math.ceil(at - now)))
        return
      }
      queue?.delete(key)
      this.#expired(key, durationMs)
    }
    if (queue?.size === 0) this.#queues.delete(durationMs)
    else if (queue !== undefined && !this.#timers.has(durationMs)) this.#arm(durationMs, 1)
  }
}
