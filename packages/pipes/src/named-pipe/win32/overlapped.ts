/**
 * Waiting for one overlapped operation, so that it has always ended when this returns or throws.
 *
 * The event that wakes a call is never the event of the OVERLAPPED: setting that one would make GetOverlappedResult
 * return while the system still owns the memory.
 */
import { WAKE } from '../../threads/cells.ts'
import type { DirectionLock } from '../../threads/direction-lock.ts'
import { traced } from '../../trace.ts'
import {
  ERROR_IO_INCOMPLETE,
  ERROR_IO_PENDING,
  ERROR_OPERATION_ABORTED,
  INFINITE,
  WAIT_OBJECT_0,
} from './constants.ts'
import { kernel32 } from '../../libraries/win32.ts'
import type { Scratch } from './scratch.ts'

const count = new Uint32Array(1)

/** The result of an operation that has ended, or is waited for until it has: bytes, or the negated error number. */
export const resultOf = (handle: number, overlapped: bigint): number => {
  for (;;) {
    const result = traced('GetOverlappedResult', handle, () => {
      const ended = kernel32.GetOverlappedResult.attempt(handle, overlapped, count, 1)
      return ended > 0 ? count[0]! : ended
    })
    // An event that was set from elsewhere ends the wait too early.
    if (-result !== ERROR_IO_INCOMPLETE) return result
  }
}

/** Takes an operation back. It may have ended meanwhile, and then that result counts. */
export const cancel = (handle: number, overlapped: bigint): number => {
  traced('CancelIoEx', handle, () => kernel32.CancelIoEx.attempt(handle, overlapped))
  return resultOf(handle, overlapped)
}

/** Waits for an event, or to be woken. @returns The result of WaitForMultipleObjects. */
export const waitFor = (events: readonly number[], lock: DirectionLock, ms: number): number => {
  const timeout = ms < 0 ? INFINITE : ms
  const wake = lock.concurrent ? lock.state.cells[WAKE + lock.direction]! : -1
  if (wake < 0 && events.length === 1) {
    return traced('WaitForSingleObject', events[0]!, () =>
      kernel32.WaitForSingleObject.attempt(events[0]!, timeout),
    )
  }
  const handles = BigInt64Array.from(wake < 0 ? events : [...events, wake], BigInt)
  return traced('WaitForMultipleObjects', events[0]!, () =>
    kernel32.WaitForMultipleObjects.attempt(handles.length, handles, 0, timeout),
  )
}

/**
 * Begins an operation and waits for its end.
 *
 * @param begin - Returns TRUE, or the negated error number; ERROR_IO_PENDING means that it is on its way.
 * @param ended - The status that ends the call from another thread.
 * @returns Bytes, or the negated error number; `-ERROR_OPERATION_ABORTED` when `ended` came true.
 * @throws SocketError `ETIMEDOUT`, `EAGAIN`; the operation was taken back then and has moved nothing, as far as the system
 *   says: a write may have been read in part (see write.ts).
 */
export const perform = (
  handle: number,
  scratch: Scratch,
  lock: DirectionLock,
  ended: number,
  begin: () => number,
): number => {
  const begun = begin()
  if (begun > 0) return scratch.transferred
  if (-begun !== ERROR_IO_PENDING) return begun
  for (;;) {
    let ms: number
    try {
      if (lock.state.has(ended)) return cancel(handle, scratch.overlapped)
      ms = lock.timeToWait()
    } catch (error) {
      const result = cancel(handle, scratch.overlapped)
      if (-result !== ERROR_OPERATION_ABORTED) return result
      throw error
    }
    if (waitFor([scratch.event], lock, ms) === WAIT_OBJECT_0) return resultOf(handle, scratch.overlapped)
  }
}
