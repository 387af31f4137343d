/** `__wasi_fdflags_t` */
import { Failure } from '../../outcome/failure.ts'
import type { FileMode } from '../../wasi/files/open-file.ts'

const [APPEND, DSYNC, NONBLOCK, RSYNC, SYNC] = [1, 2, 4, 8, 16]

export const FDFLAGS_NONBLOCK: number = NONBLOCK

/** How a file is written with these flags. RSYNC is SYNC, as it is in Linux. open(2) */
export const modeOf = (flags: number): Pick<FileMode, 'append' | 'sync'> => {
  if ((flags & ~(APPEND | DSYNC | NONBLOCK | RSYNC | SYNC)) !== 0)
    throw new Failure('EINVAL', `the flags ${flags} of a descriptor are not known`)
  return {
    append: (flags & APPEND) !== 0,
    sync: (flags & (SYNC | RSYNC)) !== 0 ? 'all' : (flags & DSYNC) !== 0 ? 'data' : 'none',
  }
}
