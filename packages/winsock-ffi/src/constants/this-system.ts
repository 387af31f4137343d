/** The constants of this system, by their C names, and those of Winsock alone. */
import { constants as posix } from './posix.ts'
import { system } from '../system.ts'
import * as win32 from './win32.ts'

const thisSystem = system === 'win32' ? win32 : posix

export const AF_UNIX: number = thisSystem.AF_UNIX
export const AF_INET: number = thisSystem.AF_INET
export const AF_INET6: number = thisSystem.AF_INET6
export const SOCK_STREAM: number = thisSystem.SOCK_STREAM
export const SOCK_DGRAM: number = thisSystem.SOCK_DGRAM
export const SOCK_SEQPACKET: number = thisSystem.SOCK_SEQPACKET
export const SOL_SOCKET: number = thisSystem.SOL_SOCKET
export const SO_REUSEADDR: number = thisSystem.SO_REUSEADDR
export const SO_KEEPALIVE: number = thisSystem.SO_KEEPALIVE
export const SO_BROADCAST: number = thisSystem.SO_BROADCAST
export const SO_LINGER: number = thisSystem.SO_LINGER
export const SO_SNDBUF: number = thisSystem.SO_SNDBUF
export const SO_RCVBUF: number = thisSystem.SO_RCVBUF
export const SO_SNDTIMEO: number = thisSystem.SO_SNDTIMEO
export const SO_RCVTIMEO: number = thisSystem.SO_RCVTIMEO
export const SO_ERROR: number = thisSystem.SO_ERROR
export const SO_TYPE: number = thisSystem.SO_TYPE
export const SO_ACCEPTCONN: number = thisSystem.SO_ACCEPTCONN
export const IPPROTO_TCP: number = thisSystem.IPPROTO_TCP
export const IPPROTO_IPV6: number = thisSystem.IPPROTO_IPV6
export const TCP_NODELAY: number = thisSystem.TCP_NODELAY
export const IPV6_V6ONLY: number = thisSystem.IPV6_V6ONLY
export const MSG_PEEK: number = thisSystem.MSG_PEEK
export const MSG_WAITALL: number = thisSystem.MSG_WAITALL
export const SOMAXCONN: number = thisSystem.SOMAXCONN
export const FIONREAD: number = thisSystem.FIONREAD
/** sizeof(sockaddr_un.sun_path) in bytes; a path may have one less. */
export const UNIX_PATH_MAX: number = thisSystem.UNIX_PATH_MAX

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
