/** OVERLAPPED: its memory, whether it is pending, its result. */
import { H_EVENT, kernel32, NativeMemory, OVERLAPPED_SIZE } from '@uds/pipes/win32'

/** ntstatus.h */
const STATUS_PENDING = 0x103

/** One OVERLAPPED, outside of JavaScript's heap (minwinbase.h). */
export class Overlapped {
  readonly address: bigint
  readonly #memory = new NativeMemory(OVERLAPPED_SIZE)

  constructor(event = 0) {
    this.address = this.#memory.address
    this.#memory.write(H_EVENT, new Uint8Array(BigInt64Array.of(BigInt(event)).buffer))
  }

  /** The operation has not ended: OVERLAPPED.Internal is STATUS_PENDING (HasOverlappedIoCompleted, winbase.h). */
  get isPending(): boolean {
    return this.#memory.uint32(0) === STATUS_PENDING
  }

  free(): void {
    this.#memory.free()
  }
}

const transferred = new Uint32Array(1)

/** The bytes that an ended operation has transferred, or the negated error number. */
export const resultOf = (handle: number, overlapped: Overlapped): number => {
  const result = kernel32.GetOverlappedResult.attempt(handle, overlapped.address, transferred, 0)
  return result < 0 ? result : transferred[0]!
}

/** The bytes of the last {@link resultOf}, also when it was ERROR_MORE_DATA. */
export const lastTransferred = (): number => transferred[0]!
