/** One process at a time: a file beside the socket that is opened without sharing, and goes with its holder. */
import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SocketError } from '@uds/winsock-ffi'
import { throwIfAborted } from '../connection-error.ts'
import { findFile } from './found-file.ts'

/** libuv's flags for CreateFileW: no sharing, and FILE_FLAG_DELETE_ON_CLOSE (libuv include/uv/win.h). */
const UV_FS_O_EXLOCK = 0x1000_0000
const UV_FS_O_TEMPORARY = 0x0040

const LONGEST_WAIT_MS = 10_000
const PAUSE_MS = 5

const acquire = async (file: string, signal: AbortSignal | undefined): Promise<number> => {
  const end = performance.now() + LONGEST_WAIT_MS
  for (;;) {
    try {
      return openSync(file, constants.O_RDWR | constants.O_CREAT | UV_FS_O_EXLOCK | UV_FS_O_TEMPORARY)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      // EPERM and EACCES: its last holder is just closing it, and it is about to be deleted.
      const held = code === 'EBUSY' || code === 'EPERM' || code === 'EACCES'
      if (!held || performance.now() > end) {
        throw new SocketError({
          code: held ? 'ETIMEDOUT' : (code ?? 'UNKNOWN'),
          syscall: 'lock',
          address: file,
          ...(held && { detail: `another process has held the lock for ${LONGEST_WAIT_MS} ms` }),
          cause,
        })
      }
      throwIfAborted(signal)
      await sleep(PAUSE_MS)
    }
  }
}

const lockOf = (path: string): string => `${path}.lock`

/** True while some process has the lock. */
export const isLocked = (path: string): boolean => findFile(lockOf(path)) !== undefined

/** Does something while no other process of this package does it to the same path. */
export const withLock = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> => {
  const fd = await acquire(lockOf(path), signal)
  try {
    return await action()
  } finally {
    closeSync(fd)
  }
}
