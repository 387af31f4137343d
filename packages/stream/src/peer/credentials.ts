/** peerCredentials of any connection, more about peers of sockets, and how a transport provides them. */
import type { Duplex } from 'node:stream'
import {
  invalidArgument,
  SocketError,
  sockets,
  type Descriptor,
  type PeerCredentials,
  type SocketHandle,
} from '@uds/winsock-ffi'
import type { Identity } from './identity.ts'
import { identity as posix } from './posix.ts'
import { system } from '@uds/winsock-ffi/internal'
import { identity as win32 } from './win32.ts'

const identity: Identity = system === 'win32' ? win32 : posix

interface PeerSource {
  readonly credentials: () => PeerCredentials
  readonly hasLeft: (connection: Duplex) => boolean
}

const sources = new WeakMap<Duplex, PeerSource>()

/**
 * Provides the credentials of a connection: for transports whose connections are not sockets of the system.
 *
 * @param hasPeerLeft - Returns whether the peer has closed a connection that is not read, so that a peer that leaves
 *   while `authorize` decides makes room for another; without it, the timeout of `authorize` does.
 */
export const provideCredentials = (
  connection: Duplex,
  source: () => PeerCredentials,
  hasPeerLeft: () => boolean = () => false,
): void => {
  sources.set(connection, { credentials: source, hasLeft: hasPeerLeft })
}

/**
 * The process at the other end of a connection and its user, as the system recorded them: at the time of `connect` for
 * an accepted connection, of `listen` for one that was made by `connect`.
 *
 * ## Platform behaviour
 * Linux and macOS: uid, gid, pid. Windows: pid and the SID of its user, for AF_UNIX and for named pipes. It needs koffi.
 *
 * @throws SocketError `ENOTSUP` for TCP and where the system does not say, `EBADF` when the connection is closed.
 */
export const peerCredentials = (connection: Duplex): PeerCredentials => {
  requireOpen(connection, 'peerCredentials')
  const source = sources.get(connection)
  return source ? source.credentials() : identity.credentialsOf(connection)
}

/**
 * The supplementary groups of the process at the other end, as they were when it connected or listened (SO_PEERGROUPS).
 *
 * @example
 * ```ts
 * const admins = 27
 * const allowed = (peer: PeerCredentials, connection: Duplex) =>
 *   peer.uid === 0 || peer.gid === admins || peerGroups(connection).includes(admins)
 * const server = await listen('unix:/run/app.sock', { mode: 0o666, authorize: allowed })
 * ```
 *
 * ## Platform behaviour
 * Linux; elsewhere `ENOTSUP`. It needs koffi.
 *
 * @throws SocketError `ENOTSUP` for what is no AF_UNIX socket, `EBADF` when the connection is closed.
 */
export const peerGroups = (connection: Duplex): readonly number[] =>
  ofSocket(connection, 'peerGroups', sockets.peerGroups)

/**
 * The security context of the process at the other end, as SELinux, AppArmor or Smack writes it (SO_PEERSEC); undefined where
 * no such module is active.
 *
 * ## Platform behaviour
 * As {@link peerGroups}.
 *
 * @throws As {@link peerGroups}.
 */
export const peerLabel = (connection: Duplex): string | undefined =>
  ofSocket(connection, 'peerLabel', sockets.peerLabel)

/**
 * A descriptor of the process at the other end (SO_PEERPIDFD): unlike a pid it never becomes another process. It is readable
 * once the process has ended, and the caller closes it.
 *
 * ## Platform behaviour
 * Linux 6.5; `ENOPROTOOPT` before, elsewhere `ENOTSUP`. It needs koffi.
 *
 * @throws As {@link peerGroups}; SocketError `ESRCH` when the process has ended, before Linux 6.16; `EMFILE`.
 */
export const peerPidfd = (connection: Duplex): Descriptor =>
  ofSocket(connection, 'peerPidfd', sockets.peerPidfd)

const ofSocket = <T>(connection: Duplex, where: string, use: (socket: SocketHandle) => T): T => {
  requireOpen(connection, where)
  return identity.withSocket(connection, where, use)
}

const requireOpen = (connection: Duplex, where: string): void => {
  if (typeof connection !== 'object' || connection === null) {
    throw invalidArgument(where, 'the connection', 'a connection of @uds/stream, or a net.Socket', connection)
  }
  if (connection.destroyed) {
    throw new SocketError({ code: 'EBADF', syscall: where, detail: 'the connection is closed' })
  }
}

/** True when the peer has closed a connection that is not read. */
export const hasLeft = (connection: Duplex): boolean =>
  (sources.get(connection) ?? identity).hasLeft(connection)
