/** ReadQueue: chunks that have arrived, and their end. */
import type { Readable } from 'node:stream'
import { Chunks } from './chunks.ts'
import type { ReadBuffer } from './read-buffer.ts'

/** Bytes that are read ahead of the guest; beyond that the peer has to wait. */
const READ_AHEAD = 256 * 1024

const bytesOf = (chunk: Uint8Array | string): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk) : chunk

/**
 * The bytes of a stream of Node, kept until the guest asks for it. They are taken from a read buffer or by 'data', which come
 * straight from libuv's callback, so that an answer can go out in the same turn.
 */
export class ReadQueue {
  readonly #readable: Readable | undefined
  /** Where the bytes come from, if not from the stream itself. */
  readonly #inlet: ReadBuffer | undefined
  readonly #arrived: () => void
  readonly #chunks = new Chunks()
  #begun = false
  #paused = false
  #discards = false
  #left = false

  /** @param arrived - Called when bytes came; a waiting call of the guest has read them when it returns. */
  constructor(readable: Readable | undefined, inlet: ReadBuffer | undefined, arrived: () => void) {
    this.#readable = readable
    this.#inlet = inlet
    this.#arrived = arrived
  }

  /** Bytes that wait for the guest. */
  get size(): number {
    return this.#chunks.size
  }

  /** Adds bytes that were read before. */
  put(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
  }

  /** Begins to read; true the first time. */
  begin(): boolean {
    if (this.#begun) return false
    this.#begun = true
    this.#inlet?.open((bytes) => this.#take(bytes, true))
    // Accepted connections come paused, and stay so without a word.
    if (!this.#inlet) this.#readable?.on('data', this.#onData)
    this.#readable?.resume()
    return true
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    if (!this.#take(bytesOf(chunk), false)) this.#readable?.pause()
  }

  /**
   * @param lent - Their memory is used again afterwards.
   * @returns Whether more may be read.
   */
  #take(bytes: Uint8Array, lent: boolean): boolean {
    if (this.#discards || bytes.length === 0) return true
    this.#chunks.push(bytes)
    this.#arrived()
    if (lent) this.#chunks.keepLast()
    this.#paused = this.#chunks.size >= READ_AHEAD
    return !this.#paused
  }

  /** Takes what Node has read already of a stream that is destroyed: it emits no 'data' for them any more. */
  rescue(): void {
    if (this.#inlet || !this.#begun || this.#discards || this.#left) return
    this.#readable?.off('data', this.#onData)
    for (;;) {
      const chunk = this.#readable?.read() as Uint8Array | string | null | undefined
      if (chunk === null || chunk === undefined) return
      this.#chunks.push(bytesOf(chunk))
    }
  }

  /** Reads as much as fits. Peeking leaves it here. */
  read(into: Uint8Array, peek: boolean): number {
    const filled = this.#chunks.read(into, peek)
    if (this.#paused && this.#chunks.size < READ_AHEAD && !this.#left) {
      this.#paused = false
      this.#readable?.resume()
    }
    return filled
  }

  /** Drops what waits. */
  clear(): void {
    this.#chunks.clear()
  }

  /** Keeps nothing of what still comes. */
  discard(): void {
    this.#discards = true
    if (!this.#inlet) this.#readable?.off('data', this.#onData)
  }

  /** Has no more to do with the stream. */
  leave(): void {
    this.#left = true
    this.#readable?.off('data', this.#onData)
  }
}
