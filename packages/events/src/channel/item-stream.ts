/** ItemStream: items of the other end, one after the other, for a reader at its own pace. */

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true }

/** What came and was not read yet, and who waits for more. What it is a stream of, its subclass knows. */
export abstract class ItemStream<T> implements AsyncIterableIterator<T, undefined, undefined> {
  #started = false
  #done = false
  #failure: Error | undefined
  #items: T[] = []
  #waiting: { resolve: (result: IteratorResult<T, undefined>) => void; reject: (reason: Error) => void }[] =
    []

  /** The reader asks for the first item. */
  protected abstract begin(): void
  /** The reader has taken an item. */
  protected abstract taken(): void
  /** The reader left, and there may be more. */
  protected abstract abandoned(): void

  /** Nothing comes any more. */
  protected get done(): boolean {
    return this.#done
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#started) {
      this.#started = true
      if (!this.#done) this.begin()
    }
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T
      this.taken()
      return Promise.resolve({ value, done: false })
    }
    if (this.#failure !== undefined) {
      const reason = this.#failure
      this.#failure = undefined
      return Promise.reject(reason)
    }
    if (this.#done) return Promise.resolve(finished)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#done) this.abandoned()
    this.#started = true
    this.#items = []
    this.#failure = undefined
    this.#finish()
    return Promise.resolve(finished)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  value(value: unknown): void {
    if (this.#done) return
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#items.push(value as T)
    else {
      reader.resolve({ value: value as T, done: false })
      this.taken()
    }
  }

  end(): void {
    this.#finish()
  }

  fail(reason: Error): void {
    if (this.#done) return
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#failure = reason
    else reader.reject(reason)
    this.#finish()
  }

  #finish(): void {
    this.#done = true
    for (const { resolve } of this.#waiting.splice(0)) resolve(finished)
  }
}
