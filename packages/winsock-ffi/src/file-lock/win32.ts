/** A file beside the socket that is opened without sharing and goes with its holder, even one that is killed. */
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { ownSid } from '../identity/win32.ts'
import { ownerOfFile } from './file-owner.ts'
import { lockFileOf, type LockAttempt, type LockBackend } from './lock-attempt.ts'
import { privateLockFile } from './private-file.ts'

/** libuv's flags for CreateFileW: no sharing, and FILE_FLAG_DELETE_ON_CLOSE (libuv include/uv/win.h). */
const UV_FS_O_EXLOCK = 0x1000_0000
const UV_FS_O_TEMPORARY = 0x0040

/**
 * Locks a file that it makes, for the processes that ask here.
 *
 * @returns Its descriptor, which is closed to release the lock; `held` while another has it; `denied` without the
 *   rights to make it, and for an instant while it is being deleted; undefined where it cannot be.
 */
export const tryLock = (file: string): number | 'held' | 'denied' | undefined => {
  try {
    return openSync(file, constants.O_RDWR | constants.O_CREAT | UV_FS_O_EXLOCK | UV_FS_O_TEMPORARY)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EBUSY') return 'held'
    return code === 'EPERM' || code === 'EACCES' ? 'denied' : undefined
  }
}

/** What an administrator makes belongs to the group. */
const ADMINISTRATORS = 'S-1-5-32-544'

/** Another user can hold a file for ever. */
const isForeign = (file: string): boolean => {
  const owner = ownerOfFile(file)
  return owner !== undefined && owner !== ownSid() && owner !== ADMINISTRATORS
}

/** More than a deletion takes. */
const MOST_DENIED = 10

const locked = (fd: number): LockAttempt => ({ release: () => closeSync(fd) })

const lockAttempts = (path: string): (() => LockAttempt) => {
  let file = lockFileOf(path)
  let denied = 0
  return () => {
    const lock = tryLock(file)
    if (typeof lock === 'number') return locked(lock)
    if (lock === undefined) return undefined
    if (file === lockFileOf(path) && isForeign(file)) {
      const apart = privateLockFile(path, tmpdir)
      if (apart === undefined) return undefined
      file = apart
      return 'held'
    }
    denied = lock === 'denied' ? denied + 1 : 0
    return denied > MOST_DENIED ? undefined : 'held'
  }
}

export const backend: LockBackend = {
  attempts: lockAttempts,
  isLocked: (path) => existsSync(lockFileOf(path)) && !isForeign(lockFileOf(path)),
}
