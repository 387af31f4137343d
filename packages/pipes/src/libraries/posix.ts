/** What this package needs of libc beyond @uds/winsock-ffi. Each row links its man page. */
import { bindTable, libcLibrary, type Bound } from '@uds/winsock-ffi'

export const rows = {
  /** `int fchmod(int fd, mode_t mode)` - man 2 fchmod */
  fchmod: { args: ['int', 'unsigned int'], result: 'int', fails: 'negative' },
  /** `int fchmodat(int fd, const char *path, mode_t mode, int flag)` - man 2 fchmodat */
  fchmodat: { args: ['int', 'LPCSTR', 'unsigned int', 'int'], result: 'int', fails: 'negative' },
  /** `int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags)` - man 2 sendmmsg; Linux */
  sendmmsg: { args: ['int', 'void *', 'unsigned int', 'int'], result: 'int', fails: 'negative' },
  /** `int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, struct timespec *timeout)` - man 2 recvmmsg; Linux */
  recvmmsg: { args: ['int', 'void *', 'unsigned int', 'int', 'void *'], result: 'int', fails: 'negative' },
} as const

export const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)

/** <fcntl.h> of macOS (xnu bsd/sys/fcntl.h) */
export const AT_SYMLINK_NOFOLLOW = 0x20
