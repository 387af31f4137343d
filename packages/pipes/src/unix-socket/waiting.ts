/** How the calls on a socket wait: in the kernel where no thread has to wake them, otherwise in poll. */
import { sleep, sockets, type SocketHandle, type SocketType } from '@uds/winsock-ffi'
import { socketSystem as system } from './system/select.ts'
import {
  KERNEL_TIMEOUT,
  NEVER_WAITS,
  NONBLOCKING,
  STATUS,
  TIMEOUT,
  TRAVELLED,
  WAKE,
  type Direction,
} from '../threads/cells.ts'
import { traced } from '../trace.ts'
import type { SharedState } from '../threads/state.ts'
import type { DirectionLock } from '../threads/direction-lock.ts'
import { READY, WOKEN } from './system/socket-system.ts'

/** The result of an attempt that would have to wait, where there is no error number for it. */
export const WOULD_BLOCK: number = Number.MIN_SAFE_INTEGER

/**
 * Makes attempts, which never wait themselves, until one does not fail with EAGAIN, and waits between them.
 *
 * @returns The result of the last attempt, or the negated error number of the system.
 */
export const attemptUntil = (lock: DirectionLock, attempt: () => number): number => {
  lock.enter()
  try {
    const { handle, cells } = lock.state
    const wake = lock.concurrent ? cells[WAKE + lock.direction]! : -1
    for (let round = 0; ; round += 1) {
      const result = attempt()
      if (result >= 0) return result
      if (result !== WOULD_BLOCK && system.isInterrupted(-result)) continue
      if (result !== WOULD_BLOCK && !system.isWouldBlock(-result)) return result
      const ready = system.wait(handle, lock.direction, wake, lock.timeToWait())
      if (ready < 0) throw system.failed(-ready, 'poll')
      if ((ready & WOKEN) !== 0) system.settle(wake)
      // A datagram whose receiver is full: poll says "ready" and the call says "not yet".
      else if ((ready & READY) !== 0 && round > 1) sleep(1)
    }
  } finally {
    lock.leave()
  }
}

/**
 * True when a call without a timeout of its own may wait in the kernel, and the kernel knows how long: the ordinary case,
 * which costs a few loads of memory.
 */
export const isOrdinary = ({ cells }: SharedState, direction: Direction): boolean =>
  (cells[TRAVELLED]! | cells[NONBLOCKING]! | cells[STATUS]!) === 0 &&
  cells[TIMEOUT + direction] === cells[KERNEL_TIMEOUT + direction] &&
  system.waitsInKernel

/** True when a call may wait in the kernel: there, nobody could wake it. */
export const mayWaitInKernel = (state: SharedState, timeoutMs: number | undefined): boolean =>
  timeoutMs === undefined &&
  system.waitsInKernel &&
  !state.concurrent &&
  !state.nonblocking &&
  !state.has(NEVER_WAITS)

/**
 * The kernel counts a timeout in ticks of its clock, of 10 ms at most, and may end it a tick early. The rest is waited out,
 * so that no timeout ends before its time; asking the clock before every call would cost more than the call.
 */
const TICK_MS = 10

/**
 * What the kernel's own wait has left to wait: a tick, after it has timed out; after a signal, all of it anew; and all of
 * it where the kernel did not wait, because another process has made the socket non-blocking.
 *
 * @param result - The result of the kernel's call: the negated error number, or the part that it took.
 */
export const restOf = (state: SharedState, result: number, timeout: number): number => {
  if (timeout < 0 || (result < 0 && system.isInterrupted(-result))) return timeout
  if (!system.neverWaits(state.handle)) return TICK_MS
  state.add(NEVER_WAITS)
  return timeout
}

/** Sets the kernel's timeout of a direction, unless it has it already. */
export const setKernelTimeout = (state: SharedState, direction: Direction, timeout: number): void => {
  if (state.cells[KERNEL_TIMEOUT + direction] === timeout) return
  system.setKernelTimeout(state.handle, direction, Math.max(0, timeout))
  state.cells[KERNEL_TIMEOUT + direction] = timeout
}

/** Lends the socket to a call of `sockets`, which is recorded as the system call that it is. */
export const withSocket = <T>(
  state: SharedState,
  type: SocketType,
  syscall: string,
  call: (socket: SocketHandle) => T,
): T => {
  const socket = sockets.fromFd(state.handle, 'unix', type)
  try {
    return traced(syscall, socket.fd, () => call(socket))
  } finally {
    socket.release()
  }
}

/** An attempt by a call of `sockets` with `timeoutMs: 0`. */
export const withoutWaiting = (call: () => number): number => {
  try {
    return call()
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'ETIMEDOUT' || code === 'EAGAIN') return WOULD_BLOCK
    throw error
  }
}
