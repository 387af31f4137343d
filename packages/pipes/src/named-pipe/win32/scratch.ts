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
import { traced } from '../../trace.ts'
import { closeHandle } from './close-handle.ts'
import { Lender } from './lender.ts'
import { NativeMemory } from './native-memory.ts'
import { kernel32 } from '../../libraries/win32.ts'

export const OVERLAPPED_SIZE = 32
const INTERNAL_HIGH = 8
export const H_EVENT = 24
const DATA = 64
/** Bytes that one scratch holds: the size of a pipe's buffer by default. */
export const SCRATCH_SIZE = 65_536

/** An operation's memory and its event: manual-reset, as GetOverlappedResult wants it. */
export class Scratch {
  readonly event: number
  readonly overlapped: bigint
  /** Where the bytes are, for the system. */
  readonly data: bigint
  readonly #memory: NativeMemory

  constructor(size: number) {
    this.#memory = new NativeMemory(DATA + size)
    this.overlapped = this.#memory.address
    this.data = this.overlapped + BigInt(DATA)
    this.event = traced('CreateEventW', 'OVERLAPPED', () => kernel32.CreateEventW(null, 1, 0, null))
    this.#memory.write(H_EVENT, new Uint8Array(BigInt64Array.of(BigInt(this.event)).buffer))
  }

  /** Puts the bytes to write where the system finds them. */
  fill(bytes: Uint8Array): void {
    this.#memory.write(DATA, bytes)
  }

  /** Copies the bytes that were read. */
  copyTo(buffer: Uint8Array, bytes: number): void {
    this.#memory.read(DATA, buffer, bytes)
  }

  /** The bytes that an operation has moved which has ended. */
  get transferred(): number {
    return this.#memory.uint32(INTERNAL_HIGH)
  }

  dispose(): void {
    closeHandle(this.event)
    this.#memory.free()
  }
}

const scratches = new Lender<Scratch>(
  () => new Scratch(SCRATCH_SIZE),
  (scratch) => scratch.dispose(),
)

/** Lends a scratch; overlapped.ts sees to it that no operation is left in the system's hands when `use` returns or throws. */
export const withScratch = <T>(size: number, use: (scratch: Scratch) => T): T => {
  if (size <= SCRATCH_SIZE) return scratches.lend(use)
  const scratch = new Scratch(size)
  try {
    return use(scratch)
  } finally {
    scratch.dispose()
  }
}
