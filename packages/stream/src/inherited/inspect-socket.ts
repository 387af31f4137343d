/** The family, type and state of a socket that something else opened. */
import { sockets, type SocketFamily, type SocketType } from '@uds/winsock-ffi'
import { socketTypes } from './kind.ts'

/** A socket as the system describes it. */
export interface SocketInfo {
  readonly family: SocketFamily
  readonly type: SocketType
  readonly listens: boolean
  /** It has a peer; a socket of a pair has one, too. */
  readonly connected: boolean
}

const succeeds = (call: () => unknown): boolean => {
  try {
    call()
    return true
  } catch {
    return false
  }
}

/**
 * Describes a socket by its descriptor, which stays with its owner.
 *
 * @returns Undefined for a family or type that `sockets` has not: netlink, vsock, packet, raw.
 * @throws SocketError `EBADF`, `ENOTSOCK`.
 */
export const inspectSocket = (fd: number): SocketInfo | undefined => {
  // The family is not known yet; no call below depends on it.
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    const type = socketTypes[sockets.getOption(borrowed, 'SO_TYPE')]
    if (type === undefined) return undefined
    const { family } = sockets.localAddress(borrowed)
    const listens = type !== 'datagram' && sockets.getOption(borrowed, 'SO_ACCEPTCONN')
    return { family, type, listens, connected: succeeds(() => sockets.peerAddress(borrowed)) }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EAFNOSUPPORT') return undefined
    throw error
  } finally {
    borrowed.release()
  }
}
