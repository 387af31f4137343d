import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from 'node:fs'
import { constants as os } from 'node:os'
import { sleep, SocketError } from '@uds/winsock-ffi'
import { traced } from '../trace.ts'
import { LOCK_EX, LOCK_NB, libc } from '../libraries/posix.ts'

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5

/** False when the file that was locked is not the one at the path any more: its last holder has removed it. */
const isStillThere = (fd: number, file: string): boolean => {
  try {
    const [locked, found] = [fstatSync(fd), statSync(file)]
    return locked.ino === found.ino && locked.dev === found.dev
  } catch {
    return false
  }
}

const open = (file: string): number | undefined => {
  try {
    return openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch {
    return undefined
  }
}

/** The descriptor of the locked file; undefined where none can be made: then bind itself tells what is wrong. */
const acquire = (file: string): number | undefined => {
  const end = performance.now() + LONGEST_WAIT_MS
  for (;;) {
    const fd = open(file)
    if (fd === undefined) return undefined
    const result = traced('flock', fd, () => libc.flock.attempt(fd, LOCK_EX | LOCK_NB))
    if (result >= 0 && isStillThere(fd, file)) return fd
    closeSync(fd)
    if (result < 0 && -result !== os.errno.EWOULDBLOCK && -result !== os.errno.EINTR) return undefined
    if (performance.now() > end) {
      throw new SocketError({
        code: 'ETIMEDOUT',
        syscall: 'flock',
        address: file,
        detail: `another process has held the lock for ${LONGEST_WAIT_MS} ms`,
      })
    }
    if (result < 0) sleep(PAUSE_MS)
  }
}

/** Removed while it is held: a process that waits for it finds that it is gone, and makes another one. */
const remove = (file: string): void => {
  try {
    unlinkSync(file)
  } catch {
    // The directory was taken away, or made read-only: the lock itself ends with the descriptor.
  }
}

/**
 * Holds the lock of a socket file, so that two processes do not both find a stale file and the second removes what the
 * first has just bound: flock(2) on a file beside it, the same one that `@uds/stream` locks.
 */
export const withFileLock = <T>(path: string, action: () => T): T => {
  const file = `${path}.lock`
  const fd = acquire(file)
  try {
    return action()
  } finally {
    if (fd !== undefined) {
      remove(file)
      closeSync(fd)
    }
  }
}
