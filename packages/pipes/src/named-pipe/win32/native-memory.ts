/** NativeMemory: memory outside V8 that stays where it is while the system writes to it. */
import { loadBackend } from '@uds/winsock-ffi'
import { kernel32 } from '../../libraries/win32.ts'

/** LMEM_ZEROINIT (winbase.h) */
const LMEM_ZEROINIT = 0x40

/** The memory as JavaScript's; undefined where V8 holds no memory but its own, as in Electron: there `view` of koffi throws. */
const viewOf = (address: bigint, size: number): DataView | undefined => {
  try {
    return new DataView(loadBackend().view(address, size))
  } catch {
    return undefined
  }
}

/**
 * Memory of the process outside of JavaScript's heap, all zero at first: the system may write into it at any time, and it
 * stays where it is until it is freed.
 */
export class NativeMemory {
  readonly address: bigint
  readonly #view: DataView | undefined
  readonly #bytes: Uint8Array | undefined

  constructor(size: number) {
    this.address = kernel32.LocalAlloc(LMEM_ZEROINIT, size)!
    this.#view = viewOf(this.address, size)
    this.#bytes = this.#view && new Uint8Array(this.#view.buffer)
  }

  /** Copies bytes to a place in it. */
  write(at: number, data: Uint8Array): void {
    if (this.#bytes) this.#bytes.set(data, at)
    else kernel32.RtlMoveMemory.attempt(this.address + BigInt(at), data, data.length)
  }

  /** Copies so many bytes from a place in it. */
  read(at: number, target: Uint8Array, length: number): void {
    if (this.#bytes) target.set(this.#bytes.subarray(at, at + length))
    else kernel32.RtlMoveMemory.attempt(target, this.address + BigInt(at), length)
  }

  uint32(at: number): number {
    if (this.#view) return this.#view.getUint32(at, true)
    const number = new Uint32Array(1)
    kernel32.RtlMoveMemory.attempt(number, this.address + BigInt(at), 4)
    return number[0]!
  }

  free(): void {
    kernel32.LocalFree.attempt(this.address)
  }
}
