/** peerCredentials of any connection, and how a transport provides them. */
import type { Duplex } from 'node:stream'
import { invalidArgument, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
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
  const where = 'peerCredentials'
  if (typeof connection !== 'object' || connection === null) {
    throw invalidArgument(where, 'the connection', 'a connection of @uds/stream, or a net.Socket', connection)
  }
  if (connection.destroyed) {
    throw new SocketError({ code: 'EBADF', syscall: where, detail: 'the connection is closed' })
  }
  const source = sources.get(connection)
  return source ? source.credentials() : identity.credentialsOf(connection)
}

/** True when the peer has closed a connection that is not read. */
export const hasLeft = (connection: Duplex): boolean =>
  (sources.get(connection) ?? identity).hasLeft(connection)
