/** The constants of Linux and macOS, and those of this system. */
import { system } from '../system.ts'

/**
 * The numbers of the POSIX socket interface under their C names, per system. Linux: include/uapi/asm-generic/socket.h,
 * include/linux/socket.h (the same on x64 and arm64). macOS: bsd/sys/socket.h, bsd/sys/un.h, bsd/netinet/tcp.h of xnu.
 */
export interface PosixConstants {
  // <sys/socket.h>
  readonly AF_UNIX: number
  readonly AF_INET: number
  readonly AF_INET6: number
  readonly SOCK_STREAM: number
  readonly SOCK_DGRAM: number
  readonly SOCK_SEQPACKET: number
  /** OR-ed into the type by socket(2): close-on-exec. 0 where the system has no such flag. */
  readonly SOCK_CLOEXEC: number
  readonly SOL_SOCKET: number
  readonly SO_REUSEADDR: number
  readonly SO_TYPE: number
  readonly SO_ERROR: number
  readonly SO_BROADCAST: number
  readonly SO_SNDBUF: number
  readonly SO_RCVBUF: number
  readonly SO_KEEPALIVE: number
  readonly SO_LINGER: number
  readonly SO_RCVTIMEO: number
  readonly SO_SNDTIMEO: number
  readonly SO_ACCEPTCONN: number
  readonly MSG_PEEK: number
  readonly MSG_TRUNC: number
  readonly MSG_CTRUNC: number
  readonly MSG_WAITALL: number
  readonly MSG_DONTWAIT: number
  /** Do not raise SIGPIPE. 0 on macOS, which has SO_NOSIGPIPE instead. */
  readonly MSG_NOSIGNAL: number
  /** Descriptors received are close-on-exec. 0 on macOS. */
  readonly MSG_CMSG_CLOEXEC: number
  readonly SCM_RIGHTS: number
  readonly SHUT_RD: number
  readonly SHUT_WR: number
  readonly SHUT_RDWR: number
  readonly SOMAXCONN: number
  // <netinet/in.h>, <netinet/tcp.h>
  readonly IPPROTO_TCP: number
  readonly IPPROTO_IPV6: number
  readonly TCP_NODELAY: number
  readonly IPV6_V6ONLY: number
  // <fcntl.h>, <sys/ioctl.h>
  readonly F_GETFD: number
  readonly F_SETFD: number
  readonly F_GETFL: number
  readonly F_DUPFD_CLOEXEC: number
  readonly F_SETFL: number
  readonly FD_CLOEXEC: number
  readonly O_NONBLOCK: number
  readonly FIONREAD: number
  // <poll.h>: the same on both
  readonly POLLIN: number
  readonly POLLOUT: number
  readonly POLLERR: number
  readonly POLLHUP: number
  readonly POLLNVAL: number
  /** sizeof(sockaddr_un.sun_path) */
  readonly UNIX_PATH_MAX: number
}

const both = {
  AF_UNIX: 1,
  AF_INET: 2,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_SEQPACKET: 5,
  MSG_PEEK: 0x2,
  SCM_RIGHTS: 1,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  IPPROTO_TCP: 6,
  IPPROTO_IPV6: 41,
  TCP_NODELAY: 1,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  FD_CLOEXEC: 1,
  POLLIN: 0x1,
  POLLOUT: 0x4,
  POLLERR: 0x8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
} as const

export interface LinuxConstants extends PosixConstants {
  readonly SCM_CREDENTIALS: number
  readonly SO_PASSCRED: number
  readonly SO_PEERCRED: number
  readonly SO_PEERSEC: number
  readonly SO_PEERGROUPS: number
  readonly SO_PEERPIDFD: number
  readonly SO_PASSRIGHTS: number
}

export const linux: LinuxConstants = {
  ...both,
  SCM_CREDENTIALS: 2,
  AF_INET6: 10,
  SOCK_CLOEXEC: 0o2000000,
  // F_LINUX_SPECIFIC_BASE + 6
  F_DUPFD_CLOEXEC: 1030,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_BROADCAST: 6,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_KEEPALIVE: 9,
  SO_LINGER: 13,
  SO_PASSCRED: 16,
  SO_PEERCRED: 17,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_ACCEPTCONN: 30,
  SO_PEERSEC: 31,
  SO_PEERGROUPS: 59,
  SO_PEERPIDFD: 77,
  SO_PASSRIGHTS: 83,
  MSG_TRUNC: 0x20,
  MSG_CTRUNC: 0x8,
  MSG_WAITALL: 0x100,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
  MSG_CMSG_CLOEXEC: 0x4000_0000,
  SOMAXCONN: 4096,
  IPV6_V6ONLY: 26,
  O_NONBLOCK: 0o4000,
  FIONREAD: 0x541b,
  UNIX_PATH_MAX: 108,
}

export interface DarwinConstants extends PosixConstants {
  readonly SO_NOSIGPIPE: number
  readonly SOL_LOCAL: number
  readonly LOCAL_PEERPID: number
}

export const darwin: DarwinConstants = {
  ...both,
  AF_INET6: 30,
  SOCK_CLOEXEC: 0,
  F_DUPFD_CLOEXEC: 67,
  SOL_SOCKET: 0xffff,
  SO_ACCEPTCONN: 0x2,
  SO_REUSEADDR: 0x4,
  SO_KEEPALIVE: 0x8,
  SO_BROADCAST: 0x20,
  // SO_LINGER of macOS counts in ticks; SO_LINGER_SEC is the one in seconds.
  SO_LINGER: 0x1080,
  SO_SNDBUF: 0x1001,
  SO_RCVBUF: 0x1002,
  SO_SNDTIMEO: 0x1005,
  SO_RCVTIMEO: 0x1006,
  SO_ERROR: 0x1007,
  SO_TYPE: 0x1008,
  SO_NOSIGPIPE: 0x1022,
  SOL_LOCAL: 0,
  LOCAL_PEERPID: 2,
  MSG_TRUNC: 0x10,
  MSG_CTRUNC: 0x20,
  MSG_WAITALL: 0x40,
  MSG_DONTWAIT: 0x80,
  MSG_NOSIGNAL: 0,
  MSG_CMSG_CLOEXEC: 0,
  SOMAXCONN: 128,
  IPV6_V6ONLY: 27,
  O_NONBLOCK: 0x4,
  FIONREAD: 0x4004_667f,
  UNIX_PATH_MAX: 104,
}

/** This system is macOS. */
export const onDarwin: boolean = system === 'darwin'

/** The numbers of this system. */
export const constants: PosixConstants = onDarwin ? darwin : linux
