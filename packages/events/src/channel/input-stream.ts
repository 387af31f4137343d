/** InputStream: the input of a request that is a stream, as its handler reads it. */
import { failure } from '../errors/errors.ts'
import { ItemStream } from './item-stream.ts'

/** Bytes of frames that the caller may send ahead of the handler. */
const WINDOW = 1024 * 1024

/** What a reader of an input needs of the connection. */
export interface InputSource {
  /** Lets the caller send frames of so many more bytes. */
  credit(bytes: number): void
  /** No more input is wanted. */
  stop(): void
}

/**
 * The items that the caller sends. Nothing is sent before the first `next`; the caller runs ahead by the window;
 * `return` (which `break` calls) stops it.
 */
export class InputStream extends ItemStream<unknown> {
  readonly #source: InputSource
  /** The bytes of the items that were not read. */
  readonly #sizes: number[] = []
  #credit = 0
  #read = 0

  constructor(source: InputSource) {
    super()
    this.#source = source
  }

  protected begin(): void {
    this.#credit = WINDOW
    this.#source.credit(WINDOW)
  }

  protected abandoned(): void {
    this.#source.stop()
  }

  /**
   * Takes an item.
   *
   * @param size - the bytes of its frame
   * @throws SocketError `ERR_PROTOCOL` for one that was not to be sent
   */
  item(value: unknown, size: number): void {
    if (this.done) return
    if (this.#credit <= 0) throw failure('read', 'ERR_PROTOCOL', 'an input beyond the credit')
    this.#credit -= size
    this.#sizes.push(size)
    this.value(value)
  }

  protected taken(): void {
    this.#read += this.#sizes.shift() ?? 0
    if (this.#read < WINDOW / 2 || this.done) return
    this.#credit += this.#read
    this.#source.credit(this.#read)
    this.#read = 0
  }
}
