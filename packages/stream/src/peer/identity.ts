/** What each system reports of the other end of a connection: posix.ts and win32.ts. */
import type { Duplex } from 'node:stream'
import type { PeerCredentials, SocketHandle } from '@uds/winsock-ffi'

export interface Identity {
  /** The peer of a connection without provided credentials. */
  credentialsOf(connection: Duplex): PeerCredentials
  /** Calls a function with the socket of an AF_UNIX connection, which stays with its owner. */
  withSocket<T>(connection: Duplex, where: string, use: (socket: SocketHandle) => T): T
  /** True when the peer of a connection that is not read has closed it. */
  hasLeft(connection: Duplex): boolean
}
