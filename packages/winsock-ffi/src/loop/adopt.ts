import type { Socket, SocketConstructorOpts } from 'node:net'
import { SocketError } from '../errors/socket-error.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { system } from '../system.ts'
import { systemCalls } from '../system-calls/select.ts'
import { intoLoop as posix } from './posix.ts'
import { intoLoop as win32 } from './win32.ts'

/** Puts a connected stream into Node's loop; the `net.Socket` owns the descriptor. */
const intoLoop: (fd: number, options: SocketConstructorOpts) => Socket = system === 'win32' ? win32 : posix

/** What `new net.Socket` takes, but for the descriptor. */
export type AdoptOptions = Omit<SocketConstructorOpts, 'fd' | 'handle'>

/**
 * Hands a connected stream to Node's loop. The result is an ordinary `net.Socket`, read and written by libuv.
 * The handle is consumed: it is closed for its owner, and the `net.Socket` closes the connection. When this throws,
 * the caller still owns the handle.
 *
 * ## Platform behaviour
 * On POSIX this is `new net.Socket({ fd })`. On Windows the SOCKET joins libuv's completion port as a TCP handle, of
 * whatever family it is; `remoteAddress` of an AF_UNIX one is empty there. A socket belongs to the loop of the thread
 * that adopts it and cannot move to another.
 *
 * @throws SocketError `ENOTCONN` for a socket without a peer, `ENOTSUP` for one that is no stream and on engines that
 *   are not Node (Bun, Deno) on Windows, `EBADF` for a closed one.
 */
export const adopt = (handle: SocketHandle, options: AdoptOptions = {}): Socket => {
  const fd = openFd(handle, 'adopt')
  if (handle.type !== 'stream') {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'adopt',
      detail: `net.Socket carries streams only, and this is a ${handle.type} socket`,
      advice: 'use watch() with recv and send',
    })
  }
  // A listener or an unconnected socket would become a net.Socket that never does anything.
  systemCalls.name('getpeername', fd)
  const socket = intoLoop(fd, { readable: true, writable: true, ...options })
  handle.release()
  return socket
}
