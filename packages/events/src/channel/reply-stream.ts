/** ReplyStream: the reply to a request, item by item. */
import { ItemStream } from './item-stream.ts'
import type { ReplyReceiver } from './pending-requests.ts'

/** What a reader of replies needs of the connection. */
export interface ReplySource {
  /** Sends the request. */
  start(waiting: ReplyReceiver): number
  /** Lets the other end send so many more items. */
  credit(id: number, items: number): void
  /** Nobody reads any more. */
  cancel(id: number): void
  /** It was never asked for. */
  unused(): void
}

/**
 * The items of a stream, for one reader. The request goes out with the first `next`; the other end runs ahead by the
 * window and no further; `return` (which `break` calls) stops it.
 */
export class ReplyStream<T> extends ItemStream<T> implements ReplyReceiver {
  readonly #source: ReplySource
  readonly #window: number
  /** Undefined before the request went out. */
  #id: number | undefined
  #taken = 0

  constructor(source: ReplySource, window: number) {
    super()
    this.#source = source
    this.#window = window
  }

  protected begin(): void {
    this.#id = this.#source.start(this)
  }

  protected abandoned(): void {
    if (this.#id === undefined) this.#source.unused()
    else this.#source.cancel(this.#id)
  }

  /** Half a window at a time, so that credit costs little and the other end does not run dry. */
  protected taken(): void {
    if (++this.#taken < Math.ceil(this.#window / 2) || this.done || this.#id === undefined) return
    this.#source.credit(this.#id, this.#taken)
    this.#taken = 0
  }
}
