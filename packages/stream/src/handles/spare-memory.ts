/** Memory for bytes that wait to be sent: used again, as new memory for each would keep the garbage collector busy. */

/** The caller's bytes, in memory of our own. */
export interface KeptBytes {
  readonly bytes: Uint8Array
  /** Call it once, when the bytes are not needed any more. */
  release(): void
}

const SIZE = 65_536

/** Keeping is synchronous: all sockets of a thread share it. */
let spare: Uint8Array | undefined

/** A copy of bytes; a short one is in the memory of the one before. */
export const keepBytes = (data: Uint8Array): KeptBytes => {
  if (data.length > SIZE) return { bytes: new Uint8Array(data), release: () => {} }
  const memory = spare ?? new Uint8Array(SIZE)
  spare = undefined
  memory.set(data)
  return {
    bytes: memory.subarray(0, data.length),
    release: () => {
      spare = memory
    },
  }
}
