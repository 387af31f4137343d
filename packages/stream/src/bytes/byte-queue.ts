/** ByteQueue: bytes that wait to be read, in one piece of memory for searches. */
export class ByteQueue {
  #store: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  append(chunk: Buffer): void {
    if (this.length === 0) {
      // Nothing waits: the chunk itself becomes the store, without a copy.
      this.#store = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    if (this.#store.length - this.#end < chunk.length) this.#grow(chunk.length)
    this.#end += chunk.copy(this.#store, this.#end)
  }

  /** Bytes taken earlier share the old memory, which therefore stays as it is. */
  #grow(more: number): void {
    const store = Buffer.allocUnsafe(Math.max(2 * this.length, this.length + more, 4096))
    this.#end = this.#store.copy(store, 0, this.#start, this.#end)
    this.#start = 0
    this.#store = store
  }

  /** The first `n` bytes, which leave the queue. */
  take(n: number): Buffer {
    const taken = this.#store.subarray(this.#start, this.#start + n)
    this.#start += n
    return taken
  }

  /** The offset of `bytes`, searched from `from` on; -1 where they are absent. */
  indexOf(bytes: Uint8Array, from: number): number {
    return this.#store.subarray(this.#start, this.#end).indexOf(bytes, from)
  }
}
