/** One process at a time: flock(2) on a file beside the socket, which the system gives up when its holder dies. */
import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from 'node:fs'
import { constants as os } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { bindTable, libcLibrary, SocketError, type Bound } from '@uds/winsock-ffi'
import { throwIfAborted } from '../../errors/connection-error.ts'

const rows = {
  /** `int flock(int fd, int operation)` - man 2 flock */
  flock: { args: ['int', 'int'], result: 'int', fails: 'negative' },
} as const

const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)

// <sys/file.h>, the same on Linux and macOS
const LOCK_EX = 2
const LOCK_NB = 4

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5

const open = (file: string): number | undefined => {
  try {
    return openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch {
    return undefined
  }
}

/** False when the file that was locked is not the one at the path any more: its last holder has removed it. */
const isStillThere = (fd: number, file: string): boolean => {
  try {
    const [locked, found] = [fstatSync(fd), statSync(file)]
    return locked.ino === found.ino && locked.dev === found.dev
  } catch {
    return false
  }
}

/** The descriptor of the locked file; undefined where no lock can be had: without koffi, without rights. */
const acquire = async (file: string, signal: AbortSignal | undefined): Promise<number | undefined> => {
  const end = performance.now() + LONGEST_WAIT_MS
  for (;;) {
    const fd = open(file)
    if (fd === undefined) return undefined
    let locked = -1
    try {
      locked = libc.flock.attempt(fd, LOCK_EX | LOCK_NB)
    } catch {
      closeSync(fd)
      return undefined
    }
    if (locked >= 0 && isStillThere(fd, file)) return fd
    closeSync(fd)
    if (locked < 0 && -locked !== os.errno.EWOULDBLOCK && -locked !== os.errno.EINTR) return undefined
    if (performance.now() > end) {
      throw new SocketError({
        code: 'ETIMEDOUT',
        syscall: 'flock',
        address: file,
        detail: `another process has held the lock for ${LONGEST_WAIT_MS} ms`,
      })
    }
    throwIfAborted(signal)
    if (locked < 0) await sleep(PAUSE_MS)
  }
}

/**
 * Does something while no other process of this package does it to the same path. Where no lock can be had it is done
 * all the same: the steps of claim.ts are safe without, but for an instant in which the name may be missing.
 */
export const withLock = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> => {
  const file = `${path}.lock`
  const fd = await acquire(file, signal)
  try {
    return await action()
  } finally {
    if (fd !== undefined) {
      try {
        unlinkSync(file)
      } finally {
        closeSync(fd)
      }
    }
  }
}
