/** ItemQueue: items of a stream of replies, for one reader at its own pace. */

/** What came and was not read, and who waits for more. */
export class ItemQueue implements AsyncIterableIterator<unknown, undefined, undefined>, AsyncDisposable {
  readonly #begin: () => void
  readonly #taken: () => void
  readonly #abandoned: () => void
  #begun = false
  #done = false
  #failure: Error | undefined
  #items: unknown[] = []
  #waiting: { resolve(result: IteratorResult<unknown, undefined>): void; reject(reason: Error): void }[] = []

  /**
   * @param begin - the reader asks for the first item
   * @param taken - the reader has taken an item
   * @param abandoned - the reader left, and there may be more
   */
  constructor(begin: () => void, taken: () => void, abandoned: () => void) {
    this.#begin = begin
    this.#taken = taken
    this.#abandoned = abandoned
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#begun) {
      this.#begun = true
      this.#begin()
    }
    if (this.#items.length > 0) {
      const value = this.#items.shift()
      if (!this.#done) this.#taken()
      return Promise.resolve({ value, done: false })
    }
    if (this.#failure !== undefined) {
      const reason = this.#failure
      this.#failure = undefined
      return Promise.reject(reason)
    }
    if (this.#done) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#done && this.#begun) this.#abandoned()
    this.#begun = true
    this.#items = []
    this.#failure = undefined
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  add(value: unknown): void {
    if (this.#done) return
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#items.push(value)
    else {
      reader.resolve({ value, done: false })
      this.#taken()
    }
  }

  end(): void {
    this.#done = true
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true })
  }

  fail(reason: Error): void {
    if (this.#done) return
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#failure = reason
    else reader.reject(reason)
    this.end()
  }
}
