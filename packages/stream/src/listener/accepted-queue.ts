/** A queue between `accept` and `for await`: either items wait or consumers do, never both. */
export class AcceptedQueue<T> {
  readonly #items: T[] = []
  readonly #consumers: ((result: IteratorResult<T>) => void)[] = []
  #ended = false

  get length(): number {
    return this.#items.length
  }

  /** Hands the item to the consumer that has waited longest, or keeps it. */
  push(item: T): void {
    const consumer = this.#consumers.shift()
    if (consumer) consumer({ value: item, done: false })
    else this.#items.push(item)
  }

  /** Removes and returns all items. */
  drain(): T[] {
    return this.#items.splice(0)
  }

  remove(item: T): void {
    const index = this.#items.indexOf(item)
    if (index >= 0) this.#items.splice(index, 1)
  }

  /** Ends the iterations once the items are consumed. */
  end(): void {
    this.#ended = true
    for (const consumer of this.#consumers.splice(0)) consumer({ value: undefined, done: true })
  }

  /** Each item goes to one iterator. Leaving a loop ends its iterator alone. */
  iterate(): AsyncIterableIterator<T> {
    const waiting = new Set<(result: IteratorResult<T>) => void>()
    let left = false
    const next = (): Promise<IteratorResult<T>> => {
      const item = left ? undefined : this.#items.shift()
      if (item !== undefined) return Promise.resolve({ value: item, done: false })
      if (left || this.#ended) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve) => {
        const consumer = (result: IteratorResult<T>): void => {
          waiting.delete(consumer)
          resolve(result)
        }
        waiting.add(consumer)
        this.#consumers.push(consumer)
      })
    }
    const iterator: AsyncIterableIterator<T> = {
      next,
      return: () => {
        left = true
        for (const consumer of waiting) {
          this.#consumers.splice(this.#consumers.indexOf(consumer), 1)
          consumer({ value: undefined, done: true })
        }
        return Promise.resolve({ value: undefined, done: true })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }
}
