import { lstatSync, type Stats } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { refuses, sockets, SocketError, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { moveAside } from '../unix-socket/posix/move-aside.ts'

/** How often another may come between before it is given up. */
const MAX_ATTEMPTS = 3

/** The socket file at the path; undefined for nothing, and for anything else, which is never removed. */
const socketFile = (path: string): Stats | undefined => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isSocket() ? found : undefined
}

/**
 * Binds a datagram socket, over the file of one that died if that is what is in the way.
 *
 * @throws SocketError as `sockets.bind`.
 */
export const bindReplacingStale = (handle: SocketHandle, address: UnixAddress): void => {
  for (let round = 1; ; round += 1) {
    try {
      sockets.bind(handle, address)
      return
    } catch (error) {
      const path = address.pathname
      const isInUse = error instanceof SocketError && error.code === 'EADDRINUSE'
      if (!isInUse || path === undefined || round === MAX_ATTEMPTS) throw error
      const found = socketFile(path)
      // A datagram socket receives from the moment that it is bound, so that there is none that is not ready yet.
      if (!found || !refuses(address, 'datagram')) throw error
      try {
        moveAside(path, `${path}.${randomBytes(4).toString('hex')}`, found)
      } catch {
        throw error
      }
    }
  }
}
