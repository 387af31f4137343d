/**
 * What each system call may fail with on Linux, by its man page (https://man7.org/linux/man-pages/man2/), and what it may do
 * short of failing. EBADF, EFAULT, EINVAL and ENOTSOCK are left out where only a mistake of the caller causes them.
 */

/** The numbers of errno on Linux: `asm-generic/errno-base.h`, `asm-generic/errno.h`. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENOTDIR: 20,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ELOOP: 40,
  ENOLCK: 37,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  ENETDOWN: 100,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETOOMANYREFS: 109,
  ECONNREFUSED: 111,
} as const

export type ErrorName = keyof typeof ERRNO

/** What becomes of one call. */
export type Fault =
  /** It is not made, and fails. */
  | { readonly kind: 'error'; readonly code: ErrorName }
  /** It is made for one byte alone. */
  | { readonly kind: 'short' }

const errors = (...codes: ErrorName[]): Fault[] => codes.map((code) => ({ kind: 'error', code }))
const SHORT: Fault = { kind: 'short' }

/** By the name of the call. One that is not here is never made to fail. */
export const DOCUMENTED: Readonly<Record<string, readonly Fault[]>> = {
  socket: errors('EACCES', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'),
  socketpair: errors('EMFILE', 'ENFILE', 'EOPNOTSUPP', 'ENOMEM'),
  bind: errors('EACCES', 'EADDRINUSE', 'ELOOP', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EROFS', 'EPERM'),
  listen: errors('EADDRINUSE', 'EOPNOTSUPP'),
  accept: errors('EAGAIN', 'ECONNABORTED', 'EINTR', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EPERM'),
  accept4: errors('EAGAIN', 'ECONNABORTED', 'EINTR', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EPERM'),
  connect: errors('EACCES', 'EAGAIN', 'ECONNREFUSED', 'EINTR', 'ENOENT', 'EPERM', 'EPROTOTYPE'),
  send: [...errors('EAGAIN', 'ECONNRESET', 'EINTR', 'ENOBUFS', 'ENOMEM', 'EPIPE'), SHORT],
  sendto: errors('EAGAIN', 'ECONNREFUSED', 'EINTR', 'EMSGSIZE', 'ENOBUFS', 'ENOMEM', 'EPERM'),
  sendmsg: errors('EAGAIN', 'ECONNRESET', 'EINTR', 'ENOBUFS', 'ENOMEM', 'EPIPE', 'ETOOMANYREFS', 'EPERM'),
  recv: [...errors('EAGAIN', 'ECONNREFUSED', 'ECONNRESET', 'EINTR', 'ENOMEM'), SHORT],
  recvfrom: errors('EAGAIN', 'ECONNREFUSED', 'EINTR', 'ENOMEM'),
  recvmsg: errors('EAGAIN', 'ECONNRESET', 'EINTR', 'ENOMEM', 'EMFILE'),
  shutdown: errors('ENOTCONN'),
  poll: errors('EINTR', 'ENOMEM'),
  getsockopt: errors('ENOPROTOOPT', 'ENOMEM'),
  setsockopt: errors('ENOPROTOOPT', 'ENOMEM', 'EPERM'),
  getsockname: errors('ENOBUFS'),
  getpeername: errors('ENOTCONN', 'ENOBUFS'),
  // Of F_SETFL and F_SETFD, which are what is called here.
  fcntl: errors('EINTR', 'EPERM'),
  ioctl: errors('EIO'),
  flock: errors('EINTR', 'ENOLCK', 'EAGAIN'),
  dup: errors('EMFILE', 'ENOMEM'),
  pipe2: errors('EMFILE', 'ENFILE'),
  memfd_create: errors('EMFILE', 'ENFILE', 'ENOMEM'),
}
