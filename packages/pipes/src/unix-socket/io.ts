/** Reading and writing a stream socket. */
import { sockets } from '@uds/winsock-ffi'
import { brokenPipe, timedOut, withTransferred } from '../errors/errors.ts'
import { socketSystem as system } from './system/select.ts'
import { ENDED_READ, ENDED_WRITE, READ, RESET, WRITE } from '../threads/cells.ts'
import type { SharedState } from '../threads/state.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import {
  attemptUntil,
  mayWaitInKernel,
  restOf,
  setKernelTimeout,
  withoutWaiting,
  withSocket,
} from './waiting.ts'

/** The result of a read, in which a connection that is gone is the end of the stream. */
const endOr = (state: SharedState, result: number): number => {
  if (result >= 0) return result
  if (system.isGone(-result)) {
    state.add(RESET)
    return 0
  }
  // Winsock refuses to read after a shutdown of reading, where POSIX reads the end.
  if (state.has(ENDED_READ)) return 0
  throw system.failed(-result, 'recv')
}

export const readByWaiting = (
  state: SharedState,
  buffer: Uint8Array,
  timeoutMs: number | undefined,
  peek = false,
): number => {
  const fd = state.handle
  const lock = new DirectionLock(state, READ, 'recv', timeoutMs)
  return endOr(
    state,
    // A shutdown in another thread need not make the socket ready (it does not under Wine).
    attemptUntil(lock, () => (state.has(ENDED_READ) ? 0 : system.tryReceive(fd, buffer, peek))),
  )
}

/** Goes on where the kernel stopped. @param result - The result of its call. */
export const readOn = (state: SharedState, buffer: Uint8Array, result: number): number => {
  if (!system.isInterrupted(-result) && !system.isWouldBlock(-result)) return endOr(state, result)
  const timeout = state.timeout(READ)
  try {
    return readByWaiting(state, buffer, restOf(state, result, timeout))
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ETIMEDOUT' ? timedOut('recv', timeout) : error
  }
}

export const read = (state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number => {
  if (!mayWaitInKernel(state, timeoutMs)) return readByWaiting(state, buffer, timeoutMs)
  if (state.has(ENDED_READ)) return 0
  setKernelTimeout(state, READ, state.timeout(READ))
  const result = system.receive(state.handle, buffer)
  return result >= 0 ? result : readOn(state, buffer, result)
}

/** Takes the error of a write apart: a connection that is gone is EPIPE, and `bytesTransferred` says what went out before. */
const writeFailed = (error: unknown, before: number): Error => {
  const code = (error as { code?: unknown }).code
  const failure = (code === 'ECONNRESET' ? brokenPipe('send') : error) as Error & { code?: string }
  return before > 0 || failure.code === 'EPIPE' ? withTransferred(failure as never, before) : failure
}

const sent = (result: number): number => {
  if (result >= 0) return result
  throw system.isGone(-result) ? brokenPipe('send', -result) : system.failed(-result, 'send')
}

/** The bytes that a non-blocking call has moved are its result; a blocking one that was cut short has failed. */
const orPartial = (lock: DirectionLock, error: unknown, before: number): number => {
  if (before > 0 && (error as { code?: unknown }).code === 'EAGAIN' && lock.beganNonblocking) return before
  throw writeFailed(error, before)
}

/** Writes by attempts, of which each takes what is left from `from` on. */
const writeByAttempts = (
  state: SharedState,
  length: number,
  timeoutMs: number | undefined,
  done: number,
  attempt: (from: number) => number,
): number => {
  const lock = new DirectionLock(state, WRITE, 'send', timeoutMs)
  let written = done
  try {
    return sent(
      attemptUntil(lock, () => {
        if (state.has(ENDED_WRITE)) throw brokenPipe('send')
        for (;;) {
          const result = attempt(written)
          if (result < 0) return result
          written += result
          if (written >= length) return written
        }
      }),
    )
  } catch (error) {
    return orPartial(lock, error, written)
  }
}

const attemptFrom =
  (fd: number, data: Uint8Array) =>
  (from: number): number =>
    system.trySend(fd, from === 0 ? data : data.subarray(from))

/** Goes on where the kernel stopped. @param result - The result of its call. */
export const writeOn = (state: SharedState, data: Uint8Array, result: number): number => {
  if (result < 0 && !system.isInterrupted(-result) && !system.isWouldBlock(-result)) return sent(result)
  const timeout = state.timeout(WRITE)
  const written = Math.max(0, result)
  const timeoutMs = restOf(state, result, timeout)
  try {
    return writeByAttempts(state, data.length, timeoutMs, written, attemptFrom(state.handle, data))
  } catch (error) {
    const { code, bytesTransferred = written } = error as { code?: unknown; bytesTransferred?: number }
    throw code === 'ETIMEDOUT' ? withTransferred(timedOut('send', timeout), bytesTransferred) : error
  }
}

export const write = (state: SharedState, data: Uint8Array, timeoutMs: number | undefined): number => {
  const fd = state.handle
  if (!mayWaitInKernel(state, timeoutMs)) {
    return writeByAttempts(state, data.length, timeoutMs, 0, attemptFrom(fd, data))
  }
  setKernelTimeout(state, WRITE, state.timeout(WRITE))
  const result = system.send(fd, data)
  return result === data.length ? result : writeOn(state, data, result)
}

/** IOV_MAX of Linux and macOS (limits.h). */
const MOST_PARTS = 1024

/** What is left of the parts behind `from` bytes. */
const rest = (parts: readonly Uint8Array[], from: number): Uint8Array[] => {
  const left: Uint8Array[] = []
  let skip = from
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length
    else {
      left.push(skip === 0 ? part : part.subarray(skip))
      skip = 0
      if (left.length === MOST_PARTS) break
    }
  }
  return left
}

export const gather = (
  state: SharedState,
  parts: readonly Uint8Array[],
  timeoutMs: number | undefined,
): number => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return writeByAttempts(state, length, timeoutMs, 0, (from) =>
    withoutWaiting(() =>
      withSocket(state, 'stream', 'sendmsg', (socket) =>
        sockets.sendMessage(socket, { data: rest(parts, from) }, { timeoutMs: 0 }),
      ),
    ),
  )
}
