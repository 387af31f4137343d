/** Connections that wait to be taken, and takers that wait for connections: never both at once. */
export class AcceptedQueue<T> {
  readonly #items: T[] = []
  readonly #takers: ((result: IteratorResult<T>) => void)[] = []
  #ended = false

  get length(): number {
    return this.#items.length
  }

  /** Gives the item to the taker that has waited longest, or keeps it. */
  push(item: T): void {
    const taker = this.#takers.shift()
    if (taker) taker({ value: item, done: false })
    else this.#items.push(item)
  }

  /** All that wait, which are then the caller's. */
  drain(): T[] {
    return this.#items.splice(0)
  }

  remove(item: T): void {
    const index = this.#items.indexOf(item)
    if (index >= 0) this.#items.splice(index, 1)
  }

  /** Ends the iterations, once what waits is taken. */
  end(): void {
    this.#ended = true
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true })
  }

  /** Each iterator takes what no other has taken. Leaving the loop ends that iterator alone. */
  iterate(): AsyncIterableIterator<T> {
    const own = new Set<(result: IteratorResult<T>) => void>()
    let left = false
    const next = (): Promise<IteratorResult<T>> => {
      const item = left ? undefined : this.#items.shift()
      if (item !== undefined) return Promise.resolve({ value: item, done: false })
      if (left || this.#ended) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve) => {
        const taker = (result: IteratorResult<T>): void => {
          own.delete(taker)
          resolve(result)
        }
        own.add(taker)
        this.#takers.push(taker)
      })
    }
    const iterator: AsyncIterableIterator<T> = {
      next,
      return: () => {
        left = true
        for (const taker of own) {
          this.#takers.splice(this.#takers.indexOf(taker), 1)
          taker({ value: undefined, done: true })
        }
        return Promise.resolve({ value: undefined, done: true })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }
}
