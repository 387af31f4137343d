/** The calls of Linux that resolve a whole path beneath a directory: openat2, statx, and close for what they opened. */
import { bindTable, libcLibrary, type Bound } from '@uds/winsock-ffi'

const rows = {
  /**
   * `long syscall(long number, ...)` - man 2 syscall; as `openat2(int dirfd, const char *path, struct open_how *how, size_t size)`,
   * for which the C libraries have no function of their own. On x86-64 and arm64 integers behind the `...` lie where others lie.
   */
  syscall: {
    args: ['size_t', 'int', 'uintptr_t', 'uintptr_t', 'size_t'],
    result: 'ssize_t',
    fails: 'negative',
  },
  /** `int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buf)` - man 2 statx */
  statx: {
    args: ['int', 'uintptr_t', 'int', 'unsigned int', 'uintptr_t'],
    result: 'int',
    fails: 'negative',
  },
  /** `int close(int fd)` - man 2 close */
  close: { args: ['int'], result: 'int', fails: 'negative' },
} as const

export const linux: Bound<typeof rows> = bindTable(libcLibrary, rows)
