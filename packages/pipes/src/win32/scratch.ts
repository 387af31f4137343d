/**
 * Memory that the system may write into at any time until an operation has ended: an OVERLAPPED, and the bytes that are
 * read or written. It is not JavaScript's: were a Worker terminated in the middle of an operation, its buffers would be
 * freed while the system still has their addresses. This memory is not freed then, only lost.
 *
 * ```c
 * typedef struct _OVERLAPPED {            // minwinbase.h, 32 bytes on 64 bits
 *   ULONG_PTR Internal; ULONG_PTR InternalHigh; DWORD Offset; DWORD OffsetHigh; HANDLE hEvent;
 * } OVERLAPPED;
 * ```
 */
import { isMainThread } from 'node:worker_threads'
import { loadKoffi } from '@uds/winsock-ffi'
import { kernel32 } from './prototypes.ts'

/** LMEM_ZEROINIT (winbase.h) */
const LMEM_ZEROINIT = 0x40
export const OVERLAPPED_SIZE = 32
const INTERNAL_HIGH = 8
const H_EVENT = 24
const DATA = 64
/** Bytes that one scratch holds: the size of a pipe's buffer by default. */
export const SCRATCH_SIZE = 65_536

/** Memory of the process, outside of JavaScript's heap, that is zero at first. */
export const allocate = (bytes: number): bigint => kernel32.LocalAlloc(LMEM_ZEROINIT, bytes)!

export const viewOf = (address: bigint, bytes: number): ArrayBuffer => loadKoffi().view(address, bytes)

/** An operation's memory and its event: manual-reset, as GetOverlappedResult wants it. */
export class Scratch {
  readonly event: number
  readonly overlapped: bigint
  /** Where the bytes are, for the system. */
  readonly data: bigint
  /** The bytes. */
  readonly bytes: Uint8Array
  readonly #header: DataView

  constructor(size: number) {
    this.overlapped = allocate(DATA + size)
    this.data = this.overlapped + BigInt(DATA)
    const memory = viewOf(this.overlapped, DATA + size)
    this.bytes = new Uint8Array(memory, DATA, size)
    this.#header = new DataView(memory, 0, OVERLAPPED_SIZE)
    this.event = kernel32.CreateEventW(null, 1, 0, null)
    this.#header.setBigInt64(H_EVENT, BigInt(this.event), true)
  }

  /** The bytes that an operation has moved which has ended. */
  get transferred(): number {
    return this.#header.getUint32(INTERNAL_HIGH, true)
  }

  dispose(): void {
    kernel32.CloseHandle.attempt(this.event)
    kernel32.LocalFree.attempt(this.overlapped)
  }
}

const free: Scratch[] = []
let watched = false

/** Frees what a Worker has when it ends by itself. */
const freeAtExit = (): void => {
  if (watched || isMainThread) return
  watched = true
  process.once('exit', () => free.splice(0).forEach((scratch) => scratch.dispose()))
}

/**
 * Lends a scratch; overlapped.ts sees to it that no operation is left in the system's hands when `use` returns or throws.
 * There is mostly one per thread: a second one is made when a subscriber of the trace uses a pipe meanwhile.
 */
export const withScratch = <T>(size: number, use: (scratch: Scratch) => T): T => {
  freeAtExit()
  const small = size <= SCRATCH_SIZE
  const scratch = small ? (free.pop() ?? new Scratch(SCRATCH_SIZE)) : new Scratch(size)
  try {
    return use(scratch)
  } finally {
    if (small) free.push(scratch)
    else scratch.dispose()
  }
}
