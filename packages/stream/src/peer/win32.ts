/** The SID of this process; peers of net.Sockets are unknown. */
import { SocketError, sidOfProcess, type PeerCredentials } from '@uds/winsock-ffi'
import type { Identity } from './identity.ts'

let sid: string | undefined

/** The user does not change while the process lives. */
export const ownSid = (): string => (sid ??= sidOfProcess(process.pid))

const thisProcess = (): PeerCredentials => ({
  pid: process.pid,
  uid: undefined,
  gid: undefined,
  sid: ownSid(),
})

export const identity: Identity = {
  // Node does not expose the SOCKET of a net.Socket; connections of this package provide their credentials.
  credentialsOf: () => {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'peerCredentials',
      detail: 'the peer is known only of AF_UNIX and pipe connections that this package has made',
    })
  },
  hasLeft: () => false,
  thisProcess,
  isSameUser: (peer) => peer.sid !== undefined && peer.sid === ownSid(),
}
