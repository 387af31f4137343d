/** One process at a time works on a socket file: with the event loop, and without it. */
import { setTimeout as pause } from 'node:timers/promises'
import { SocketError } from '../errors/socket-error.ts'
import { system } from '../system.ts'
import { sleep } from '../waiting/sleep.ts'
import { lockFileOf, type HeldLock, type LockBackend, type Observe } from './lock-attempt.ts'
import { backend as posix } from './posix.ts'
import { backend as win32 } from './win32.ts'

const backend: LockBackend = system === 'win32' ? win32 : posix

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5

const unobserved: Observe = (_, __, call) => call()

/** Makes one attempt after another, up to the longest wait. */
const acquisition = (path: string, observe: Observe): (() => HeldLock | undefined | 'held') => {
  const attempt = backend.attempts(path, observe)
  const end = performance.now() + LONGEST_WAIT_MS
  return () => {
    const lock = attempt()
    if (lock !== 'held' || performance.now() <= end) return lock
    throw new SocketError({
      code: 'ETIMEDOUT',
      syscall: 'lock',
      address: lockFileOf(path),
      detail: `another process of this user has held the lock for ${LONGEST_WAIT_MS} ms`,
    })
  }
}

/**
 * Runs an action while no other process of these packages works on the same socket file. Where no lock can be had, it runs
 * without. A lock file of another user does not count: it is passed by for one in a directory of this user.
 *
 * @param signal - Ends the wait; the promise rejects with its reason.
 * @throws SocketError `ETIMEDOUT` after 10 s in which another process of this user has the lock.
 */
export const withFileLock = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  action: () => T | Promise<T>,
): Promise<T> => {
  const next = acquisition(path, unobserved)
  let lock = next()
  while (lock === 'held') {
    signal?.throwIfAborted()
    // oxlint-disable-next-line no-await-in-loop -- each attempt follows the one before
    await pause(PAUSE_MS)
    lock = next()
  }
  try {
    return await action()
  } finally {
    lock?.release()
  }
}

/**
 * The same in the calling thread, which waits.
 *
 * @param observe - Makes each system call, so that it can be recorded.
 */
export const withFileLockSync = <T>(path: string, action: () => T, observe: Observe = unobserved): T => {
  const next = acquisition(path, observe)
  let lock = next()
  while (lock === 'held') {
    sleep(PAUSE_MS)
    lock = next()
  }
  try {
    return action()
  } finally {
    lock?.release()
  }
}

/** True while a process of this user has the lock: Windows only, where a connect may find the file gone meanwhile. */
export const isFileLocked = (path: string): boolean => backend.isLocked(path)
