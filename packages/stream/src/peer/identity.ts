/** Who processes are, as each system tells it: posix.ts and win32.ts. */
import type { Duplex } from 'node:stream'
import type { PeerCredentials } from '@uds/winsock-ffi'

export interface Identity {
  /** Of the peer of a connection whose transport has not said otherwise. */
  credentialsOf(connection: Duplex): PeerCredentials
  /** True when the peer of a connection that is not read has closed it. */
  hasLeft(connection: Duplex): boolean
  thisProcess(): PeerCredentials
  isSameUser(peer: PeerCredentials): boolean
}
