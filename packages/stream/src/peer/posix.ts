/** SO_PEERCRED and its kind, on a descriptor of Node. */
import type { Duplex } from 'node:stream'
import { SocketError, sockets, type PeerCredentials, type SocketHandle } from '@uds/winsock-ffi'
import type { Identity } from './identity.ts'

const fdOf = (connection: Duplex): number =>
  (connection as { _handle?: { fd?: number } | null })._handle?.fd ?? -1

const nothing = new Uint8Array(0)

/**
 * A send of no bytes fails when the peer has closed, and has no effect when the peer has only ended its own half
 * (unix_stream_sendmsg, net/unix/af_unix.c); unread bytes do not matter.
 */
const hasLeft = (connection: Duplex): boolean => {
  const fd = fdOf(connection)
  if (fd < 0) return true
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    sockets.send(borrowed, nothing, { timeoutMs: 0 })
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EAGAIN'
  } finally {
    borrowed.release()
  }
}

/** Sockets of other families are ENOTSUP: TCP has no peer process. */
const withSocket = <T>(connection: Duplex, where: string, use: (socket: SocketHandle) => T): T => {
  const fd = fdOf(connection)
  if (fd < 0) {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: where,
      detail: 'the connection is no socket of the system, so its peer is unknown',
    })
  }
  // Borrowed: the net.Socket owns the descriptor and closes it.
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    if (sockets.localAddress(borrowed).family !== 'unix') {
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: where,
        detail: 'only AF_UNIX knows the process at the other end',
      })
    }
    return use(borrowed)
  } finally {
    borrowed.release()
  }
}

const credentialsOf = (connection: Duplex): PeerCredentials =>
  withSocket(connection, 'peerCredentials', sockets.peerCredentials)

export const identity: Identity = { credentialsOf, withSocket, hasLeft }
