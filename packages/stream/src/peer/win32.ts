/** Peers of net.Sockets are unknown. */
import { SocketError } from '@uds/winsock-ffi'
import type { Identity } from './identity.ts'

export const identity: Identity = {
  // Node does not expose the SOCKET of a net.Socket; connections of this package provide their credentials.
  credentialsOf: () => {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'peerCredentials',
      detail: 'the peer is known only of AF_UNIX and pipe connections that this package has made',
    })
  },
  withSocket: (_connection, where) => {
    throw new SocketError({ code: 'ENOTSUP', syscall: where, detail: 'only Linux knows this of a peer' })
  },
  hasLeft: () => false,
}
