/** Numbers of Winsock under their C names, grouped by header of the Windows SDK. */

// winsock2.h, ws2def.h
export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 23
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_SEQPACKET = 5
export const SOL_SOCKET = 0xffff
export const SO_ACCEPTCONN = 0x2
export const SO_REUSEADDR = 0x4
export const SO_KEEPALIVE = 0x8
export const SO_BROADCAST = 0x20
export const SO_LINGER = 0x80
export const SO_SNDBUF = 0x1001
export const SO_RCVBUF = 0x1002
export const SO_SNDTIMEO = 0x1005
export const SO_RCVTIMEO = 0x1006
export const SO_ERROR = 0x1007
export const SO_TYPE = 0x1008
export const IPPROTO_TCP = 6
export const IPPROTO_IPV6 = 41
export const TCP_NODELAY = 1
export const IPV6_V6ONLY = 27
export const SOMAXCONN = 0x7fff_ffff
export const MSG_PEEK = 0x2
export const MSG_WAITALL = 0x8
export const SD_RECEIVE = 0
export const SD_SEND = 1
export const SD_BOTH = 2
export const INVALID_SOCKET = -1
export const SOCKET_ERROR = -1
export const FIONBIO = 0x8004_667e
export const FIONREAD = 0x4004_667f
export const WSA_FLAG_OVERLAPPED = 0x01
export const WSA_FLAG_NO_HANDLE_INHERIT = 0x80

// winsock2.h: network events
export const FD_READ = 0x01
export const FD_WRITE = 0x02
export const FD_OOB = 0x04
export const FD_ACCEPT = 0x08
export const FD_CONNECT = 0x10
export const FD_CLOSE = 0x20
export const FD_MAX_EVENTS = 10
export const WSA_INFINITE = 0xffff_ffff
export const WSA_WAIT_EVENT_0 = 0
export const WSA_WAIT_TIMEOUT = 0x102
export const WSA_WAIT_FAILED = 0xffff_ffff
export const WSA_MAXIMUM_WAIT_EVENTS = 64
export const WSA_INVALID_EVENT = 0

// winsock2.h: WSAPoll
export const POLLERR = 0x1
export const POLLHUP = 0x2
export const POLLNVAL = 0x4
export const POLLWRNORM = 0x10
export const POLLRDNORM = 0x100
export const POLLRDBAND = 0x200

// afunix.h
export const UNIX_PATH_MAX = 108
export const SIO_AF_UNIX_GETPEERPID = 0x5800_0100

// winbase.h, winnt.h
export const HANDLE_FLAG_INHERIT = 1
export const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
export const TOKEN_QUERY = 0x8
/** TOKEN_INFORMATION_CLASS.TokenUser */
export const TokenUser = 1
