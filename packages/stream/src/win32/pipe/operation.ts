/** An overlapped operation: memory that the system writes into until the operation has ended. */
import { allocate, kernel32, OVERLAPPED_SIZE, viewOf } from '@uds/pipes/win32'

const H_EVENT = 24
/** ntstatus.h */
const STATUS_PENDING = 0x103

/** One OVERLAPPED, outside of JavaScript's heap (minwinbase.h). */
export class Overlapped {
  readonly address: bigint
  readonly #view: DataView

  constructor(event = 0) {
    this.address = allocate(OVERLAPPED_SIZE)
    this.#view = new DataView(viewOf(this.address, OVERLAPPED_SIZE))
    this.#view.setBigInt64(H_EVENT, BigInt(event), true)
  }

  /** The system has it still: OVERLAPPED.Internal is STATUS_PENDING (HasOverlappedIoCompleted, winbase.h). */
  get isPending(): boolean {
    return this.#view.getUint32(0, true) === STATUS_PENDING
  }

  free(): void {
    kernel32.LocalFree.attempt(this.address)
  }
}

const transferred = new Uint32Array(1)

/** Bytes that an operation has moved which has ended; or the negated error number. */
export const resultOf = (handle: number, overlapped: Overlapped): number => {
  const result = kernel32.GetOverlappedResult.attempt(handle, overlapped.address, transferred, 0)
  return result < 0 ? result : transferred[0]!
}

/** The same for one that ended with "more data": what came is counted all the same. */
export const moved = (): number => transferred[0]!
