/** The file of an AF_UNIX stream socket: whose it is, and what is in the way of binding to it. */
import { lstatSync } from 'node:fs'
import { removeSocketFile, sockets, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { failureOf } from '../../failure.ts'
import { quietly } from './end.ts'

/** Which file it is; undefined for none, and on Windows, which lets nobody look at one. */
export const identityOf = (path: string): string | undefined =>
  quietly(() => {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  })

/** Linux refuses a connect to a regular file as well (connect(2)); only sockets are ever removed. */
const mayBeSocket = (path: string): boolean => quietly(() => lstatSync(path).isSocket()) ?? true

/** Whether the file was left by a server that died. A busy one, whose backlog is full, lives. */
const isLeft = (address: UnixAddress): boolean => {
  const probe = sockets.open('unix', 'stream')
  try {
    probe.setNonblocking(true)
    sockets.tryConnect(probe, address)
    return false
  } catch (error) {
    return failureOf(error).code === 'ECONNREFUSED'
  } finally {
    probe.close()
  }
}

/**
 * Binds a stream socket to a file, over that of a server that died if that is what is in the way: as `listen` of
 * `@uds/stream` does it.
 *
 * @throws SocketError as `sockets.bind`.
 */
export const bindToFile = (handle: SocketHandle, address: UnixAddress, path: string): void => {
  try {
    sockets.bind(handle, address)
  } catch (error) {
    const found = identityOf(path)
    const stale = failureOf(error).code === 'EADDRINUSE' && mayBeSocket(path) && isLeft(address)
    // Somebody may have taken the path since.
    if (!stale || identityOf(path) !== found) throw error
    removeSocketFile(path)
    sockets.bind(handle, address)
  }
}
