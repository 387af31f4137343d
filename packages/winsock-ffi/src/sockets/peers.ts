/** localAddress, peerAddress, peerCredentials. */
import { decodeAddress, type SocketAddress } from '../address/socket-address.ts'
import { SocketError } from '../errors/socket-error.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import { systemCalls } from '../system-calls/select.ts'

/** The address that the socket itself has: getsockname(2). Unnamed when it was never bound. */
export const localAddress = (handle: SocketHandle): SocketAddress =>
  decodeAddress(systemCalls.name('getsockname', openFd(handle, 'getsockname')))

/**
 * The address of the other end: getpeername(2). AF_UNIX clients are mostly unnamed.
 *
 * @throws SocketError `ENOTCONN`.
 */
export const peerAddress = (handle: SocketHandle): SocketAddress =>
  decodeAddress(systemCalls.name('getpeername', openFd(handle, 'getpeername')))

/**
 * Who is at the other end of an AF_UNIX stream, as the system vouches for it: at the time of `connect` or `listen`.
 *
 * ## Platform behaviour
 * Linux: pid, uid, gid (SO_PEERCRED). macOS: the same (getpeereid, LOCAL_PEERPID). Windows: pid and the SID of its
 * user (SIO_AF_UNIX_GETPEERPID); the process is looked up by its number, so one that has ended has no SID.
 *
 * @throws SocketError `ENOTSUP` for other families and where the system does not know, `ENOTCONN`.
 */
export const peerCredentials = (handle: SocketHandle): PeerCredentials => {
  const fd = openFd(handle, 'peerCredentials')
  if (handle.family !== 'unix') {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'peerCredentials',
      detail: 'only AF_UNIX knows the process at the other end',
    })
  }
  return systemCalls.peerCredentials(fd)
}
