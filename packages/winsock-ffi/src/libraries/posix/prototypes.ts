/**
 * libc, a row a call. Each links its man page (https://man7.org/linux/man-pages/, for getpeereid
 * https://man.openbsd.org/getpeereid.3); what a row fails with is its errno.
 */
import { bindTable, type Bound } from '../../binding/bind-table.ts'
import { libcLibrary as library } from './libc.ts'

export const rows = {
  /** `int socket(int domain, int type, int protocol)` - man 2 socket */
  socket: { args: ['int', 'int', 'int'], result: 'int', fails: 'negative' },
  /** `int socketpair(int domain, int type, int protocol, int sv[2])` - man 2 socketpair */
  socketpair: { args: ['int', 'int', 'int', 'void *'], result: 'int', fails: 'negative' },
  /** `int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` - man 2 bind */
  bind: { args: ['int', 'void *', 'socklen_t'], result: 'int', fails: 'negative' },
  /** `int listen(int sockfd, int backlog)` - man 2 listen */
  listen: { args: ['int', 'int'], result: 'int', fails: 'negative' },
  /** `int accept(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` - man 2 accept */
  accept: { args: ['int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags)` - man 2 accept4; not on macOS */
  accept4: { args: ['int', 'void *', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` - man 2 connect */
  connect: { args: ['int', 'void *', 'socklen_t'], result: 'int', fails: 'negative' },
  /** `ssize_t send(int sockfd, const void *buf, size_t len, int flags)` - man 2 send */
  send: { args: ['int', 'void *', 'size_t', 'int'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *dest, socklen_t addrlen)` - man 2 sendto */
  sendto: {
    args: ['int', 'void *', 'size_t', 'int', 'void *', 'socklen_t'],
    result: 'ssize_t',
    fails: 'negative',
  },
  /** `ssize_t sendmsg(int sockfd, const struct msghdr *msg, int flags)` - man 2 sendmsg */
  sendmsg: { args: ['int', 'void *', 'int'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t recv(int sockfd, void *buf, size_t len, int flags)` - man 2 recv */
  recv: { args: ['int', 'void *', 'size_t', 'int'], result: 'ssize_t', fails: 'negative' },
  /** `ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *src, socklen_t *addrlen)` - man 2 recvfrom */
  recvfrom: {
    args: ['int', 'void *', 'size_t', 'int', 'void *', 'void *'],
    result: 'ssize_t',
    fails: 'negative',
  },
  /** `ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags)` - man 2 recvmsg */
  recvmsg: { args: ['int', 'void *', 'int'], result: 'ssize_t', fails: 'negative' },
  /** `int shutdown(int sockfd, int how)` - man 2 shutdown */
  shutdown: { args: ['int', 'int'], result: 'int', fails: 'negative' },
  /** `int close(int fd)` - man 2 close */
  close: { args: ['int'], result: 'int', fails: 'negative' },
  /** `int poll(struct pollfd *fds, nfds_t nfds, int timeout)` - man 2 poll */
  poll: { args: ['void *', 'size_t', 'int'], result: 'int', fails: 'negative' },
  /** `int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen)` - man 2 getsockopt */
  getsockopt: { args: ['int', 'int', 'int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen)` - man 2 setsockopt */
  setsockopt: { args: ['int', 'int', 'int', 'void *', 'socklen_t'], result: 'int', fails: 'negative' },
  /** `int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` - man 2 getsockname */
  getsockname: { args: ['int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int getpeername(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` - man 2 getpeername */
  getpeername: { args: ['int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int getpeereid(int s, uid_t *euid, gid_t *egid)` - man 3 getpeereid; macOS and the BSDs */
  getpeereid: { args: ['int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int fcntl(int fd, int cmd, ...)` - man 2 fcntl; here with the int of F_SETFL and F_SETFD */
  fcntl: { args: ['int', 'int'], variadic: ['int'], result: 'int', fails: 'negative' },
  /** `int ioctl(int fd, unsigned long request, ...)` - man 2 ioctl; here with a pointer, as FIONREAD wants it */
  ioctl: { args: ['int', 'unsigned long'], variadic: ['void *'], result: 'int', fails: 'negative' },
} as const

/** The libc calls. A row that this system's libc lacks fails with `ENOTSUP` when it is first used. */
export const libc: Bound<typeof rows> = bindTable(library, rows)
