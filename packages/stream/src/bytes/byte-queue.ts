/** Bytes that have come and were not taken yet, in one piece of memory so that they can be searched. */
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

  /** Bytes that were handed out share the old memory, which is therefore left as it is. */
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

  /** Where `bytes` begin, from `from` on; -1 for nowhere. */
  indexOf(bytes: Uint8Array, from: number): number {
    const found = this.#store.subarray(this.#start, this.#end).indexOf(bytes, from)
    return found
  }
}
