/** ReadBuffer: the memory that a socket reads into. */
import type { OnReadOpts } from 'node:net'

/** What libuv reads at once. */
const SIZE = 64 * 1024

/** Takes bytes in memory that is used again afterwards; false is enough for now. */
type Take = (bytes: Uint8Array) => boolean

/**
 * The memory that a socket reads into, always the same, and the callback that takes the bytes. Nothing is allocated for a read, and
 * Node's streams have no part in it.
 */
export class ReadBuffer {
  #early: Uint8Array[] = []
  #take: Take | undefined

  /** The option of a new socket. */
  get onread(): OnReadOpts {
    const memory = new Uint8Array(SIZE)
    // Messages of one length come again and again.
    let view = memory
    return {
      buffer: memory,
      callback: (bytes) => {
        if (view.length !== bytes) view = memory.subarray(0, bytes)
        return this.#taken(view)
      },
    }
  }

  #taken(bytes: Uint8Array): boolean {
    if (this.#take) return this.#take(bytes)
    // There is no reader yet: the bytes are kept, and the peer waits.
    this.#early.push(bytes.slice())
    return false
  }

  /** Begins to take. */
  open(take: Take): void {
    this.#take = take
    for (const bytes of this.#early) take(bytes)
    this.#early = []
  }
}
