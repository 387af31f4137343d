/**
 * Writing to a pipe, with an exact count of what went out.
 *
 * Windows takes a write that does not fit as a whole and lets the reader read of it. Cancelled, it reports 0 bytes although
 * a part may have been read. So a write that may be cut short (by a timeout, by another thread, in non-blocking mode)
 * is made of writes that fit, which end at once, and of single bytes, which were either read or not. Where the system does
 * not know what fits (Wine) what was written since the pipe was last known to be empty is counted instead. Only a message
 * that is longer than the pipe's buffer can be torn: a stream to which that happens is broken, and says so.
 */
import { SocketError } from '@uds/winsock-ffi'
import { brokenPipe, withTransferred } from '../../errors/errors.ts'
import { BROKEN_WRITE, ENDED_WRITE, WRITE } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'
import { DirectionLock } from '../../threads/direction-lock.ts'
import { traced } from '../../trace.ts'
import { isMessageMode, mayWrite, setUnreadBound, unreadBound } from './pipe-cells.ts'
import { closeHandle } from './close-handle.ts'
import { ERROR_ACCESS_DENIED, ERROR_OPERATION_ABORTED } from './constants.ts'
import { isGone, pipeError } from './pipe-errors.ts'
import { flushInThread } from './flush.ts'
import { bufferSizeOf } from './information.ts'
import { perform } from './overlapped.ts'
import { kernel32 } from '../../libraries/win32.ts'
import { makePair } from './pair.ts'
import { learnQuota, quotaOf, quotaUnknown } from './quota.ts'
import { SCRATCH_SIZE, withScratch, type Scratch } from './scratch.ts'

const broken = (): SocketError =>
  new SocketError({
    code: 'EPIPE',
    syscall: 'WriteFile',
    detail: 'an earlier write was cut short at a place that this system does not tell',
    advice: 'close the stream: the peer may have read a part of what was to be written',
  })

const refuse = (state: SharedState): void => {
  if (!mayWrite(state)) throw pipeError(ERROR_ACCESS_DENIED, 'WriteFile')
  if (state.has(BROKEN_WRITE)) throw broken()
  if (state.has(ENDED_WRITE)) throw brokenPipe('WriteFile')
}

class Writer {
  readonly state: SharedState
  readonly lock: DirectionLock
  readonly scratch: Scratch
  /** Bytes that are the peer's. */
  written = 0

  constructor(state: SharedState, lock: DirectionLock, scratch: Scratch) {
    this.state = state
    this.lock = lock
    this.scratch = scratch
  }

  /** Writes some bytes as one operation, and waits for it. */
  put(data: Uint8Array): void {
    const { state, scratch } = this
    const { handle } = state
    refuse(state)
    scratch.fill(data)
    let result: number
    try {
      result = perform(handle, scratch, this.lock, ENDED_WRITE, () =>
        traced('WriteFile', handle, () =>
          kernel32.WriteFile.attempt(handle, scratch.data, data.length, null, scratch.overlapped),
        ),
      )
    } catch (error) {
      if (data.length > 1) state.add(BROKEN_WRITE)
      throw error
    }
    if (result >= 0) {
      this.written += result
      setUnreadBound(state, unreadBound(state) + result)
    } else if (isGone(-result)) throw brokenPipe('WriteFile', -result)
    else if (-result === ERROR_OPERATION_ABORTED) {
      if (data.length > 1) state.add(BROKEN_WRITE)
      throw brokenPipe('WriteFile')
    } else throw pipeError(-result, 'WriteFile')
  }

  /** For a call that nothing but the end of the peer can cut short. */
  putAll(data: Uint8Array): void {
    while (this.written < data.length) this.put(data.subarray(this.written, this.written + SCRATCH_SIZE))
  }

  /** Bytes that a write may have now so that it ends at once, or 1. It waits for room where that cannot be asked for. */
  room(): number {
    const { state, lock } = this
    const quota = quotaOf(state.handle)
    if (quota !== undefined) return Math.max(1, quota)
    const size = bufferSizeOf(state.handle)
    if (unreadBound(state) >= size) {
      flushInThread(state.handle, lock, ENDED_WRITE)
      setUnreadBound(state, 0)
    }
    return Math.max(1, size - unreadBound(state))
  }

  /** For a call that may be cut short. */
  putExactly(data: Uint8Array): void {
    while (this.written < data.length) {
      const size = Math.min(data.length - this.written, SCRATCH_SIZE, this.room())
      this.put(data.subarray(this.written, this.written + size))
    }
  }

  /** A message goes out by one write. One that does not fit would have to be cancelled, and might be torn by that. */
  putMessage(data: Uint8Array): void {
    if (!this.lock.mayWait && this.room() < data.length) this.lock.timeToWait()
    this.put(data)
  }
}

/** Asks a pipe of its own whether this system counts what is unread, once in each thread. */
const learn = (): void => {
  const [client, server] = makePair()
  try {
    learnQuota(client, () =>
      withScratch(1, ({ data, overlapped }) => {
        // One byte fits into an empty pipe, so this ends at once.
        kernel32.WriteFile.attempt(client, data, 1, null, overlapped)
      }),
    )
  } finally {
    closeHandle(client)
    closeHandle(server)
  }
}

export const write = (state: SharedState, data: Uint8Array, timeoutMs: number | undefined): number => {
  const lock = new DirectionLock(state, WRITE, 'WriteFile', timeoutMs)
  const message = isMessageMode(state)
  const untouched = !lock.concurrent && lock.mayWait && lock.left() < 0
  if (!untouched && quotaUnknown()) learn()
  lock.enter()
  try {
    return withScratch(message ? data.length : SCRATCH_SIZE, (scratch) => {
      const writer = new Writer(state, lock, scratch)
      try {
        if (message) writer.putMessage(data)
        else if (untouched) writer.putAll(data)
        else writer.putExactly(data)
        return writer.written
      } catch (error) {
        const { code } = error as { code?: unknown }
        if (code === 'EAGAIN' && lock.beganNonblocking && writer.written > 0) return writer.written
        throw withTransferred(error as SocketError, writer.written)
      }
    })
  } finally {
    lock.leave()
  }
}

/** The end of the stream in message mode: a message of no bytes. */
export const writeEnd = (state: SharedState): void => {
  const lock = new DirectionLock(state, WRITE, 'WriteFile', undefined)
  lock.enter()
  try {
    withScratch(0, (scratch) => {
      const writer = new Writer(state, lock, scratch)
      try {
        writer.put(new Uint8Array(0))
      } catch (error) {
        // A peer that is gone needs no end.
        if ((error as { code?: unknown }).code !== 'EPIPE') throw error
      }
    })
  } finally {
    lock.leave()
  }
}
