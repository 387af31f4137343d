/** How the calls of sockets/ wait: for ever, up to a deadline, or not at all. */
import { invalidArgument, outOfRange } from '../errors/wrong-argument.ts'
import { checkOptions, optionNames } from '../options/check-options.ts'
import { SocketError } from '../errors/socket-error.ts'
import type { SocketHandle } from '../handle/socket-handle.ts'
import { READABLE, WRITABLE } from '../system-calls/system-calls.ts'
import { systemCalls } from '../system-calls/select.ts'
import { sleep } from './sleep.ts'

export interface WaitOptions {
  /**
   * Milliseconds to wait at most, then the call fails with `ETIMEDOUT`; 0 looks once. `null` or nothing: for ever, or
   * not at all when the socket is non-blocking.
   */
  readonly timeoutMs?: number | null | undefined
}

export const WAIT_OPTIONS: readonly string[] = optionNames<WaitOptions>({ timeoutMs: true })

/**
 * -1 for no deadline.
 *
 * @param known - The names of all options of the call.
 */
export const readTimeout = (
  options: WaitOptions | undefined,
  syscall: string,
  known: readonly string[] = WAIT_OPTIONS,
): number => {
  checkOptions(options, syscall, known)
  const timeoutMs = options?.timeoutMs
  if (timeoutMs === undefined || timeoutMs === null) return -1
  if (typeof timeoutMs !== 'number')
    throw invalidArgument(syscall, 'timeoutMs', 'a number or null', timeoutMs)
  if (timeoutMs >= 0 && Number.isFinite(timeoutMs)) return timeoutMs
  throw outOfRange(
    syscall,
    'timeoutMs',
    'a finite number of milliseconds, 0 or more (null waits for ever)',
    timeoutMs,
  )
}

export const timedOut = (syscall: string, timeoutMs: number, address?: string): SocketError =>
  new SocketError({ code: 'ETIMEDOUT', syscall, address, detail: `nothing happened within ${timeoutMs} ms` })

/** Whole milliseconds that are left, rounded up so that no wait ends early. */
const remaining = (timeoutMs: number, started: number): number =>
  timeoutMs <= 0 ? timeoutMs : Math.max(0, Math.ceil(timeoutMs - (performance.now() - started)))

/** poll(2) and WSAPoll take a 32-bit number; a longer wait is made in several. */
const LONGEST_WAIT = 2 ** 31 - 1

/**
 * Waits until the socket is ready; false when the time is up. A signal does not end the wait.
 *
 * @param started - When the time began to run, if it did before now.
 */
const becomesReady = (fd: number, interest: number, timeoutMs: number, started?: number): boolean => {
  // Reading the clock is a notable part of a call with a deadline: once before the wait is enough where it is the last.
  const from = started ?? (timeoutMs > 0 ? performance.now() : 0)
  let wait = started === undefined ? Math.ceil(timeoutMs) : remaining(timeoutMs, from)
  for (;;) {
    const result = systemCalls.pollOne(fd, interest, Math.min(wait, LONGEST_WAIT))
    if (result > 0) return true
    if (result < 0 && !systemCalls.isInterrupted(-result)) throw systemCalls.toError(-result, 'poll')
    wait = remaining(timeoutMs, from)
    if (result === 0 && wait === 0) return false
  }
}

type Syscall = 'send' | 'recv' | 'accept' | 'sendmsg' | 'recvmsg'

/** The flag of a call that must not wait by itself, because it has a deadline. */
export const dontWait = (timeoutMs: number): number => (timeoutMs >= 0 ? systemCalls.MSG_DONTWAIT : 0)

/**
 * With a deadline, waits for something to receive. Mostly there is nothing yet, so polling first saves an attempt that
 * would fail. Without a deadline the system waits, if it can.
 */
export const awaitInput = (fd: number, syscall: Syscall, timeoutMs: number): void => {
  if (timeoutMs >= 0 && systemCalls.blocksInSystem && !becomesReady(fd, READABLE, timeoutMs)) {
    throw timedOut(syscall, timeoutMs)
  }
}

/**
 * Goes on after the first attempt of a call has failed: throws, or waits as the socket and `timeoutMs` ask, and tries
 * again. The first attempt is the caller's, so that what goes well, as nearly all calls do, costs nothing more.
 *
 * @param failed - The negated error number of the first attempt.
 * @param attempt - Makes the call again, with `args`: its result, or the negated error number. Not a closure over
 *   the arguments, because making one would cost every call that goes well.
 */
export const waitAndRetry = <A extends readonly unknown[]>(
  handle: SocketHandle,
  fd: number,
  syscall: Syscall,
  timeoutMs: number,
  failed: number,
  attempt: (fd: number, ...args: A) => number,
  ...args: A
): number => {
  const interest = syscall === 'send' || syscall === 'sendmsg' ? WRITABLE : READABLE
  const waits = timeoutMs >= 0 || !handle.nonblocking
  const started = performance.now()
  let result = failed
  for (let round = 0; result < 0; round += 1) {
    if (!systemCalls.isInterrupted(-result)) {
      if (!systemCalls.isWouldBlock(-result) || !waits) throw systemCalls.toError(-result, syscall)
      if (!becomesReady(fd, interest, timeoutMs, started)) throw timedOut(syscall, timeoutMs)
      if (round > 0) {
        // poll says "ready" and the call says "not yet": a datagram whose receiver is full.
        sleep(1)
        if (remaining(timeoutMs, started) === 0) throw timedOut(syscall, timeoutMs)
      }
    }
    result = attempt(fd, ...args)
  }
  return result
}
