import { closeSync } from 'node:fs'
import { sleep, SocketError } from '@uds/winsock-ffi'
import { tryLock } from './try-lock.ts'

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5
/** More than a deletion takes. */
const MOST_DENIED = 10

/** The descriptor of the locked file; undefined where none can be made: then bind itself tells what is wrong. */
const acquire = (file: string): number | undefined => {
  const end = performance.now() + LONGEST_WAIT_MS
  for (let denied = 0; ;) {
    const lock = tryLock(file)
    if (lock === undefined || typeof lock === 'number') return lock
    denied = lock === 'denied' ? denied + 1 : 0
    if (denied > MOST_DENIED) return undefined
    if (performance.now() > end) {
      throw new SocketError({
        code: 'ETIMEDOUT',
        syscall: 'lock',
        address: file,
        detail: `another process has held the lock for ${LONGEST_WAIT_MS} ms`,
      })
    }
    sleep(PAUSE_MS)
  }
}

/**
 * Holds the lock of a socket file, so that two processes do not both find a stale file and the second removes what the
 * first has just bound: a file beside it, the same one that `@uds/stream` locks.
 */
export const withFileLock = <T>(path: string, action: () => T): T => {
  const fd = acquire(`${path}.lock`)
  try {
    return action()
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
