/** Bytes that came and that the guest has not asked for yet. */
export class Chunks {
  #chunks: Uint8Array[] = []
  /** The chunk that is read, and where. */
  #index = 0
  #offset = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /** Reads what there is room for. Peeking leaves it there. */
  read(into: Uint8Array, peek: boolean): number {
    let [filled, index, offset] = [0, this.#index, this.#offset]
    while (filled < into.length && index < this.#chunks.length) {
      const chunk = this.#chunks[index]!
      const room = into.length - filled
      const whole = offset === 0 && chunk.length <= room
      const part = whole ? chunk : chunk.subarray(offset, offset + room)
      into.set(part, filled)
      filled += part.length
      offset += part.length
      if (offset < chunk.length) break
      offset = 0
      index += 1
    }
    if (!peek) this.#moveTo(index, offset, filled)
    return filled
  }

  #moveTo(index: number, offset: number, bytes: number): void {
    this.#size -= bytes
    if (this.#size === 0) return this.clear()
    this.#index = index
    this.#offset = offset
    // What was read is let go now and then: each time would move all the others.
    if (index < 64) return
    this.#chunks.splice(0, index)
    this.#index = 0
  }

  /** Copies the last chunk, if any of it is left: its memory is about to be used again. */
  keepLast(): void {
    const last = this.#chunks.length - 1
    if (last >= 0) this.#chunks[last] = this.#chunks[last]!.slice()
  }

  clear(): void {
    if (this.#chunks.length > 0) this.#chunks = []
    this.#index = 0
    this.#offset = 0
    this.#size = 0
  }
}
