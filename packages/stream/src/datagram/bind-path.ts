import { lstatSync, type Stats } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { sockets, SocketError, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { moveAside } from '../posix/move-aside.ts'

/** How often another may come between before it is given up. */
const ROUNDS = 3

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** The socket file at the path; undefined for nothing, and for anything else, which is never removed. */
const socketFile = (path: string): Stats | undefined => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isSocket() ? found : undefined
}

/**
 * True when no socket is behind the file any more. One that is of another kind answers EPROTOTYPE; a datagram socket
 * receives from the moment that it is bound, so that there is none that is not ready yet.
 */
const isStale = (address: UnixAddress): boolean => {
  const probe = sockets.open('unix', 'datagram')
  try {
    probe.setNonblocking(true)
    sockets.connect(probe, address)
    return false
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED'
  } finally {
    probe.close()
  }
}

/**
 * Binds a datagram socket, over the file of one that died if that is what is in the way.
 *
 * @throws SocketError as `sockets.bind`.
 */
export const bindOverStale = (handle: SocketHandle, address: UnixAddress): void => {
  for (let round = 1; ; round += 1) {
    try {
      sockets.bind(handle, address)
      return
    } catch (error) {
      const path = address.pathname
      const isInUse = error instanceof SocketError && error.code === 'EADDRINUSE'
      if (!isInUse || path === undefined || round === ROUNDS) throw error
      const found = socketFile(path)
      if (!found || !isStale(address)) throw error
      try {
        moveAside(path, `${path}.${randomBytes(4).toString('hex')}`, found)
      } catch {
        throw error
      }
    }
  }
}
