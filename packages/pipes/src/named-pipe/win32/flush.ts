/** Waiting for the peer to have read everything, within a time. */
import { brokenPipe } from '../../errors/errors.ts'
import { WRITE } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'
import { DirectionLock } from '../../threads/direction-lock.ts'
import { traced } from '../../trace.ts'
import { setUnreadBound } from './pipe-cells.ts'
import { closeHandle } from './close-handle.ts'
import { WAIT_OBJECT_0 } from './constants.ts'
import { isGone, pipeError } from './pipe-errors.ts'
import { waitFor } from './overlapped.ts'
import { kernel32 } from '../../libraries/win32.ts'

/** How often a thread is asked to stop that may not have begun yet. */
const TELL_EVERY_MS = 10
const TELL_AT_MOST = 500
/** The time of a flush that may not wait, in which a thread begins and finds that nothing is unread. */
const LEAST_MS = 20

const flushHere = (handle: number): void => {
  const result = traced('FlushFileBuffers', handle, () => kernel32.FlushFileBuffers.attempt(handle))
  if (result < 0)
    throw isGone(-result) ? brokenPipe('FlushFileBuffers', -result) : pipeError(-result, 'FlushFileBuffers')
}

let entry: bigint | undefined

/**
 * FlushFileBuffers takes one pointer-sized argument and returns 32 bits, which is what a thread of Windows begins with. So
 * it runs in a thread of its own, without JavaScript, and can be waited for and cancelled.
 *
 * @see https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createthread
 */
const start = (handle: number): number => {
  entry ??= kernel32.GetProcAddress(kernel32.GetModuleHandleW('kernel32.dll'), 'FlushFileBuffers')!
  return traced('CreateThread', handle, () => kernel32.CreateThread(null, 0, entry!, handle, 0, null))
}

/** Ends the thread's wait. @returns False where the system would not. */
const stop = (thread: number): boolean => {
  for (let told = 0; told < TELL_AT_MOST; told += 1) {
    traced('CancelSynchronousIo', thread, () => kernel32.CancelSynchronousIo.attempt(thread))
    const waited = traced('WaitForSingleObject', thread, () =>
      kernel32.WaitForSingleObject(thread, TELL_EVERY_MS),
    )
    if (waited === WAIT_OBJECT_0) return true
  }
  return false
}

const succeeded = (thread: number): boolean => {
  const code = new Uint32Array(1)
  kernel32.GetExitCodeThread(thread, code)
  return code[0] !== 0
}

/** @param ended - The status that ends the wait from another thread; 0 for none. */
export const flushInThread = (handle: number, lock: DirectionLock, ended: number): void => {
  const thread = start(handle)
  try {
    for (let over = false; !over;) {
      let ms = LEAST_MS
      let error: unknown
      try {
        if (lock.state.has(ended)) throw brokenPipe('FlushFileBuffers')
        ms = lock.timeToWait()
      } catch (failure) {
        error = failure
      }
      over = waitFor([thread], lock, ms) === WAIT_OBJECT_0
      if (over || error === undefined) continue
      // It may have ended well at the last moment.
      if (stop(thread) && succeeded(thread)) return
      throw error
    }
    // The peer went and left bytes unread: ERROR_BROKEN_PIPE, in the other thread.
    if (!succeeded(thread)) throw brokenPipe('FlushFileBuffers')
  } finally {
    closeHandle(thread)
  }
}

export const flush = (state: SharedState, timeoutMs: number | undefined): void => {
  const lock = new DirectionLock(state, WRITE, 'FlushFileBuffers', timeoutMs)
  lock.enter()
  try {
    if (!lock.concurrent && lock.mayWait && lock.left() < 0) flushHere(state.handle)
    else flushInThread(state.handle, lock, 0)
    setUnreadBound(state, 0)
  } finally {
    lock.leave()
  }
}
