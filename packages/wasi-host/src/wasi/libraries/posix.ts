/** The calls of libc on files that `node:fs` lacks, or makes in twice the time: utimensat, futimens, lseek, pread, pwrite, and those of several parts. */
import { bindTable, libcLibrary, type Bound } from '@uds/winsock-ffi'

const rows = {
  /** `int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)` - man 2 utimensat */
  utimensat: { args: ['int', 'LPCSTR', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int futimens(int fd, const struct timespec times[2])` - man 3 futimens */
  futimens: { args: ['int', 'void *'], result: 'int', fails: 'negative' },
  /** `off_t lseek(int fd, off_t offset, int whence)` - man 2 lseek; here with offsets that are not negative */
  lseek: { args: ['int', 'size_t', 'int'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t pread(int fd, void *buf, size_t count, off_t offset)` - man 2 pread; offsets are not negative */
  pread: { args: ['int', 'uintptr_t', 'size_t', 'size_t'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t pwrite(int fd, const void *buf, size_t count, off_t offset)` - man 2 pwrite */
  pwrite: { args: ['int', 'uintptr_t', 'size_t', 'size_t'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t preadv(int fd, const struct iovec *iov, int iovcnt, off_t offset)` - man 2 preadv */
  preadv: { args: ['int', 'uintptr_t', 'int', 'size_t'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t pwritev(int fd, const struct iovec *iov, int iovcnt, off_t offset)` - man 2 pwritev */
  pwritev: { args: ['int', 'uintptr_t', 'int', 'size_t'], result: 'ssize_t', fails: 'negative' },
} as const

export const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)
