/** The constants of this system, by their C names, and those of Winsock alone. */
import { constants as posix } from './posix.ts'
import { system } from '../system.ts'
import * as win32 from './win32.ts'

const own = system === 'win32' ? win32 : posix

export const AF_UNIX: number = own.AF_UNIX
export const AF_INET: number = own.AF_INET
export const AF_INET6: number = own.AF_INET6
export const SOCK_STREAM: number = own.SOCK_STREAM
export const SOCK_DGRAM: number = own.SOCK_DGRAM
export const SOCK_SEQPACKET: number = own.SOCK_SEQPACKET
export const SOL_SOCKET: number = own.SOL_SOCKET
export const SO_REUSEADDR: number = own.SO_REUSEADDR
export const SO_KEEPALIVE: number = own.SO_KEEPALIVE
export const SO_BROADCAST: number = own.SO_BROADCAST
export const SO_LINGER: number = own.SO_LINGER
export const SO_SNDBUF: number = own.SO_SNDBUF
export const SO_RCVBUF: number = own.SO_RCVBUF
export const SO_SNDTIMEO: number = own.SO_SNDTIMEO
export const SO_RCVTIMEO: number = own.SO_RCVTIMEO
export const SO_ERROR: number = own.SO_ERROR
export const SO_TYPE: number = own.SO_TYPE
export const SO_ACCEPTCONN: number = own.SO_ACCEPTCONN
export const IPPROTO_TCP: number = own.IPPROTO_TCP
export const IPPROTO_IPV6: number = own.IPPROTO_IPV6
export const TCP_NODELAY: number = own.TCP_NODELAY
export const IPV6_V6ONLY: number = own.IPV6_V6ONLY
export const MSG_PEEK: number = own.MSG_PEEK
export const MSG_WAITALL: number = own.MSG_WAITALL
export const SOMAXCONN: number = own.SOMAXCONN
export const FIONREAD: number = own.FIONREAD
/** sizeof(sockaddr_un.sun_path) in bytes; a path may have one less. */
export const UNIX_PATH_MAX: number = own.UNIX_PATH_MAX

/** All numbers of POSIX on this system (of Linux, when this is Windows). */
export { constants as posixConstants, type PosixConstants } from './posix.ts'

export {
  FD_ACCEPT,
  FD_CLOSE,
  FD_CONNECT,
  FD_MAX_EVENTS,
  FD_OOB,
  FD_READ,
  FD_WRITE,
  FIONBIO,
  INVALID_SOCKET,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  SIO_AF_UNIX_GETPEERPID,
  SOCKET_ERROR,
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
  WSA_INFINITE,
  WSA_INVALID_EVENT,
  WSA_MAXIMUM_WAIT_EVENTS,
  WSA_WAIT_EVENT_0,
  WSA_WAIT_FAILED,
  WSA_WAIT_TIMEOUT,
} from './win32.ts'
