/** localAddress, peerAddress, peerCredentials, peerGroups, peerLabel, peerPidfd. */
import { decodeAddress, type SocketAddress } from '../address/socket-address.ts'
import { SocketError } from '../errors/socket-error.ts'
import { Descriptor } from '../handle/descriptor.ts'
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

const unixFd = (handle: SocketHandle, where: string): number => {
  const fd = openFd(handle, where)
  if (handle.family === 'unix') return fd
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: where,
    detail: 'only AF_UNIX knows the process at the other end',
  })
}

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
  return systemCalls.peerCredentials(unixFd(handle, 'peerCredentials'))
}

/** Asks for what Linux alone knows. */
const ask = <T>(handle: SocketHandle, where: string, call: ((fd: number) => T) | undefined): T => {
  const fd = unixFd(handle, where)
  if (call) return call(fd)
  throw new SocketError({ code: 'ENOTSUP', syscall: where, detail: 'only Linux knows this of a peer' })
}

/**
 * The supplementary groups of the peer's process, as they were when it connected or listened: SO_PEERGROUPS. Its gid
 * (`peerCredentials`) need not be among them.
 *
 * ## Platform behaviour
 * Linux; elsewhere `ENOTSUP`.
 *
 * @throws SocketError `ENOTSUP`.
 * @see unix(7)
 */
export const peerGroups = (handle: SocketHandle): readonly number[] =>
  ask(handle, 'peerGroups', systemCalls.peerGroups)

/**
 * The security context of the peer, as SELinux, AppArmor or Smack writes it: SO_PEERSEC.
 *
 * ## Platform behaviour
 * Linux; elsewhere `ENOTSUP`.
 *
 * @returns Undefined where no such module is active.
 * @throws SocketError `ENOTSUP`.
 * @see unix(7)
 */
export const peerLabel = (handle: SocketHandle): string | undefined =>
  ask(handle, 'peerLabel', systemCalls.peerLabel)

/**
 * A descriptor of the peer's process: SO_PEERPIDFD. Its number cannot become another process's, as a pid can: poll it for
 * the end of the process, or pass it to pidfd_send_signal(2). The caller closes it.
 *
 * ## Platform behaviour
 * Linux 6.5; `ENOPROTOOPT` before, `ENOTSUP` on other systems.
 *
 * @throws SocketError `ENODATA` without a peer, `ESRCH` for a process that has ended (before Linux 6.16), `EMFILE`.
 * @see pidfd_open(2)
 */
export const peerPidfd = (handle: SocketHandle): Descriptor =>
  new Descriptor(ask(handle, 'peerPidfd', systemCalls.peerPidfd), 'the descriptor of a process')
