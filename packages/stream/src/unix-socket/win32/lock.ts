/** One process at a time: a file beside the socket, the same one that `@uds/pipes` locks. */
import { closeSync, existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryLock } from '@uds/pipes/win32'
import { SocketError } from '@uds/winsock-ffi'
import { throwIfAborted } from '../../errors/connection-error.ts'

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5
/** More than a deletion takes. */
const MOST_DENIED = 10

/** The descriptor of the locked file; undefined where none can be made: then bind itself tells what is wrong. */
const acquire = async (file: string, signal: AbortSignal | undefined): Promise<number | undefined> => {
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
    await sleep(PAUSE_MS)
    throwIfAborted(signal)
  }
}

const lockOf = (path: string): string => `${path}.lock`

/** True while some process has the lock. */
export const isLocked = (path: string): boolean => existsSync(lockOf(path))

/** Does something while no other process of these packages does it to the same path. */
export const withLock = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  action: () => T | Promise<T>,
): Promise<T> => {
  const fd = await acquire(lockOf(path), signal)
  try {
    return await action()
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
