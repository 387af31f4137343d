import { constants, openSync } from 'node:fs'

/** libuv's flags for CreateFileW: no sharing, and FILE_FLAG_DELETE_ON_CLOSE (libuv include/uv/win.h). */
const UV_FS_O_EXLOCK = 0x1000_0000
const UV_FS_O_TEMPORARY = 0x0040

/**
 * Locks a file that it makes, for the processes that ask here: it is opened without sharing, and goes with its holder,
 * even one that is killed.
 *
 * @returns Its descriptor, which is closed to give the lock up; `held` while another has it; `denied` without the
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
