/** Who is at the other end of a connection. */
import type { Duplex } from 'node:stream'
import { invalidArgument, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
import type { Identity } from './identity.ts'
import { identity as posix } from './posix.ts'
import { system } from '../platform/system.ts'
import { identity as win32 } from './win32.ts'

const identity: Identity = system === 'win32' ? win32 : posix

interface PeerSource {
  readonly credentials: () => PeerCredentials
  readonly hasLeft: (connection: Duplex) => boolean
}

const sources = new WeakMap<Duplex, PeerSource>()

/**
 * Says how to find out who is at the other end: for transports, whose connections are not sockets of the system.
 *
 * @param gone - Tells whether the peer has closed a connection that is not read, so that one that leaves while
 *   `authorize` decides makes room for another; without it, its deadline does.
 */
export const provideCredentials = (
  connection: Duplex,
  source: () => PeerCredentials,
  gone: () => boolean = () => false,
): void => {
  sources.set(connection, { credentials: source, hasLeft: gone })
}

/**
 * The process at the other end of a connection and its user, as the system vouches for them: at the time of `connect`
 * for an accepted connection, of `listen` for one that was made by `connect`.
 *
 * ## Platform behaviour
 * Linux and macOS: uid, gid, pid. Windows: pid and the SID of its user, for AF_UNIX and for named pipes. It takes koffi.
 *
 * @throws SocketError `ENOTSUP` for TCP and where the system does not tell, `EBADF` when the connection is closed.
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

/** True when the peer's process runs as the user of this one. */
export const isSameUser = (peer: PeerCredentials): boolean => identity.isSameUser(peer)

export const thisProcess = (): PeerCredentials => identity.thisProcess()
