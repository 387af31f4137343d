/** A connected socket as a net.Socket that knows its peer. */
import type { Socket } from 'node:net'
import { adopt, sockets, type AdoptOptions, type SocketHandle } from '@uds/winsock-ffi'
import { provideCredentials } from '../peer/credentials.ts'

/** Options that net.Socket has for net.Server, and that its types leave out. */
interface HeldOptions extends AdoptOptions {
  /** Reads nothing until `read` or a `data` listener. */
  readonly pauseOnCreate?: boolean
}

/**
 * Adopts; when that fails the handle is closed.
 *
 * @throws SocketError as `adopt`.
 */
export const adoptSocket = (handle: SocketHandle, options: HeldOptions): Socket => {
  const { fd, family, type } = handle
  try {
    const socket = adopt(handle, options)
    provideCredentials(socket, () => {
      // Only borrowed: the net.Socket keeps the SOCKET, which is open as long as it is not destroyed.
      const borrowed = sockets.fromFd(fd, family, type)
      try {
        return sockets.peerCredentials(borrowed)
      } finally {
        borrowed.release()
      }
    })
    return socket
  } catch (error) {
    handle.close()
    throw error
  }
}
