/** The calls of libc on files that `node:fs` lacks: utimensat, futimens, lseek. */
import { bindTable, libcLibrary, type Bound } from '@uds/winsock-ffi'

const rows = {
  /** `int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)` - man 2 utimensat */
  utimensat: { args: ['int', 'LPCSTR', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int futimens(int fd, const struct timespec times[2])` - man 3 futimens */
  futimens: { args: ['int', 'void *'], result: 'int', fails: 'negative' },
  /** `off_t lseek(int fd, off_t offset, int whence)` - man 2 lseek; here with offsets that are not negative */
  lseek: { args: ['int', 'size_t', 'int'], result: 'ssize_t', fails: 'negative' },
} as const

export const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)
