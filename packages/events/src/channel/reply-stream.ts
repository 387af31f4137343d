/** ReplyStream: the reply to a request, item by item. */
import type { ReplyReceiver } from './pending-requests.ts'

/** What a reader of replies needs of the connection. */
export interface ReplySource {
  /** Sends the request. */
  start(waiting: ReplyReceiver): number
  /** Lets the other end send so many more items. */
  credit(id: number, items: number): void
  /** Nobody reads any more. */
  cancel(id: number): void
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true }

/**
 * The items of a stream, for one reader. The request goes out with the first `next`; the other end runs ahead by the
 * window and no further; `return` (which `break` calls) stops it.
 */
export class ReplyStream<T> implements AsyncIterableIterator<T, undefined, undefined>, ReplyReceiver {
  readonly #source: ReplySource
  readonly #window: number
  #id = 0
  #started = false
  #done = false
  #failure: Error | undefined
  #items: T[] = []
  #taken = 0
  #waiting: { resolve: (result: IteratorResult<T, undefined>) => void; reject: (reason: Error) => void }[] =
    []

  constructor(source: ReplySource, window: number) {
    this.#source = source
    this.#window = window
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#started) {
      this.#started = true
      this.#id = this.#source.start(this)
    }
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T
      this.#tell()
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
    if (this.#started && !this.#done) this.#source.cancel(this.#id)
    this.#started = true
    this.#items = []
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
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#items.push(value as T)
    else {
      reader.resolve({ value: value as T, done: false })
      this.#tell()
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

  /** Half a window at a time, so that credit costs little and the other end does not run dry. */
  #tell(): void {
    if (++this.#taken < Math.ceil(this.#window / 2) || this.#done) return
    this.#source.credit(this.#id, this.#taken)
    this.#taken = 0
  }
}
