/** Reading from a pipe. */
import { ENDED_READ, PEER_ENDED, READ } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'
import { DirectionLock } from '../../threads/direction-lock.ts'
import { traced } from '../../trace.ts'
import { isMessageMode, mayRead } from './pipe-cells.ts'
import { ERROR_ACCESS_DENIED, ERROR_MORE_DATA, ERROR_OPERATION_ABORTED } from './constants.ts'
import { isGone, pipeError } from './pipe-errors.ts'
import { perform } from './overlapped.ts'
import { kernel32 } from '../../libraries/win32.ts'
import { withScratch, type Scratch } from './scratch.ts'

/**
 * Bytes to ask for at once. A read that waits takes its size off the quota of the writer (what information.ts reads), so it asks
 * for less than the pipe holds: otherwise a writer that must not wait would find no room.
 */
const READ_SIZE = 32_768

export interface ReadResult {
  /** 0 at the end of the stream. */
  readonly bytes: number
  /** The message goes on. */
  readonly more: boolean
}

const END: ReadResult = { bytes: 0, more: false }

const isOver = (state: SharedState): boolean => state.has(ENDED_READ | PEER_ENDED)

/** The result of ReadFile, where the end of the stream is a value. */
const understood = (state: SharedState, result: number, scratch: Scratch): ReadResult | undefined => {
  if (result > 0) return { bytes: result, more: false }
  if (-result === ERROR_MORE_DATA) return { bytes: scratch.transferred, more: true }
  if (result === 0 && isMessageMode(state)) {
    // A message without bytes: the peer has shut down its writing half, as go-winio's CloseWrite does.
    state.add(PEER_ENDED)
    return END
  }
  // A write of no bytes on a byte pipe does nothing; a system that reports one reports nothing.
  if (result === 0) return undefined
  if (isGone(-result) || (-result === ERROR_OPERATION_ABORTED && isOver(state))) return END
  // The thread that had begun a read of this handle has ended, and the system took back what was its own.
  if (-result === ERROR_OPERATION_ABORTED) return undefined
  throw pipeError(-result, 'ReadFile')
}

const requireReadable = (state: SharedState, syscall: string): void => {
  if (!mayRead(state)) throw pipeError(ERROR_ACCESS_DENIED, syscall)
}

export const read = (state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): ReadResult => {
  requireReadable(state, 'ReadFile')
  const lock = new DirectionLock(state, READ, 'ReadFile', timeoutMs)
  lock.enter()
  try {
    return withScratch(READ_SIZE, (scratch) => {
      const size = Math.min(buffer.length, READ_SIZE)
      const { handle } = state
      for (;;) {
        if (isOver(state)) return END
        const result = perform(handle, scratch, lock, ENDED_READ, () =>
          traced('ReadFile', handle, () =>
            kernel32.ReadFile.attempt(handle, scratch.data, size, null, scratch.overlapped),
          ),
        )
        const understandable = understood(state, result, scratch)
        if (understandable === undefined) continue
        scratch.copyTo(buffer, understandable.bytes)
        return understandable
      }
    })
  } finally {
    lock.leave()
  }
}

const counts = new Uint32Array(3)
const inBuffer = counts.subarray(0, 1)
const inPipe = counts.subarray(1, 2)
const inMessage = counts.subarray(2, 3)

/**
 * Bytes that can be read at once, or the negated error number.
 *
 * @param buffer - Receives as many of them as it holds.
 */
const peekNow = (handle: number, scratch: Scratch, buffer: Uint8Array): number =>
  traced('PeekNamedPipe', handle, () => {
    const size = Math.min(buffer.length, READ_SIZE)
    const result = kernel32.PeekNamedPipe.attempt(handle, scratch.data, size, inBuffer, inPipe, inMessage)
    if (result < 0) return result
    scratch.copyTo(buffer, counts[0]!)
    return counts[1]!
  })

const nothing = new Uint8Array(0)

export const available = (state: SharedState): number =>
  withScratch(0, (scratch) => {
    const result = peekNow(state.handle, scratch, nothing)
    if (result >= 0) return result
    if (isGone(-result)) return 0
    throw pipeError(-result, 'PeekNamedPipe')
  })

/**
 * Peeks, and waits by a read of no bytes, which ends when there is something to read and takes nothing
 * (libuv waits for its pipes in this way: src/win/pipe.c). A message of no bytes is taken by it, and is the end.
 */
export const peek = (state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number => {
  requireReadable(state, 'PeekNamedPipe')
  const lock = new DirectionLock(state, READ, 'PeekNamedPipe', timeoutMs)
  lock.enter()
  try {
    return withScratch(READ_SIZE, (scratch) => {
      const { handle } = state
      for (;;) {
        if (isOver(state)) return 0
        const ready = peekNow(handle, scratch, buffer)
        if (ready > 0) return Math.min(ready, buffer.length, READ_SIZE)
        if (ready < 0 && isGone(-ready)) return 0
        if (ready < 0) throw pipeError(-ready, 'PeekNamedPipe')
        const result = perform(handle, scratch, lock, ENDED_READ, () =>
          traced('ReadFile', handle, () =>
            kernel32.ReadFile.attempt(handle, scratch.data, 0, null, scratch.overlapped),
          ),
        )
        if (result === 0 && !isMessageMode(state)) continue
        if (result < 0 && -result !== ERROR_MORE_DATA) understood(state, result, scratch)
        else if (result === 0) state.add(PEER_ENDED)
      }
    })
  } finally {
    lock.leave()
  }
}
