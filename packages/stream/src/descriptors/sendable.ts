/** Objects with a descriptor that can be sent to another process. */
import { Server, Socket } from 'node:net'
import { invalidArgument, SocketError } from '@uds/winsock-ffi'

/**
 * Something with a descriptor: a `Descriptor` or `SocketHandle` of @uds/winsock-ffi, a `FileHandle`, a stream of
 * `node:fs` or `node:tty`, a `net.Socket`, a `net.Server`, a `ReceivedHandle`, or the number itself.
 */
export type Sendable = number | { readonly fd: number } | Socket | Server

/** The part of Node's handles that is used here. On POSIX they have their descriptor. */
interface NodeHandle {
  readonly fd?: number
  reading?: boolean
  readStop?(): void
}

const invalidState = (where: string, detail: string): Error =>
  Object.assign(new Error(`${where}: ${detail}`), { code: 'ERR_INVALID_STATE' })

const closed = (where: string): SocketError =>
  new SocketError({ code: 'EBADF', syscall: where, detail: 'the handle is closed, or not open yet' })

/** Bytes that this process has read from the connection, or has not written yet, would be missing at the other end. */
const detach = (socket: Socket, handle: NodeHandle, where: string): void => {
  if (socket.connecting) throw invalidState(where, 'the socket is still connecting; wait for connect')
  if (socket.writableLength > 0) throw invalidState(where, 'the socket has bytes to write; wait for drain')
  handle.readStop?.()
  handle.reading = false
  if (socket.readableLength > 0) {
    throw invalidState(
      where,
      `${socket.readableLength} bytes of the socket have been read here already; accept it with pauseOnConnect`,
    )
  }
}

/**
 * The descriptor of a thing. A `net.Socket` is not read any more from here on.
 *
 * @throws TypeError for what has none; SocketError `EBADF` for what is closed; Error `ERR_INVALID_STATE` for a socket
 *   that has bytes on their way.
 */
export const takeDescriptor = (thing: Sendable, where = 'sendHandle'): number => {
  if (thing instanceof Socket || thing instanceof Server) {
    const handle = (thing as { _handle?: NodeHandle | null })._handle
    if (!handle || typeof handle.fd !== 'number' || handle.fd < 0) throw closed(where)
    if (thing instanceof Socket) detach(thing, handle, where)
    return handle.fd
  }
  const fd = typeof thing === 'number' ? thing : (thing as { fd?: unknown } | null | undefined)?.fd
  if (typeof fd !== 'number' || !Number.isInteger(fd)) {
    throw invalidArgument(where, 'the handle', 'a descriptor, or something that has one (fd)', thing)
  }
  if (fd < 0) throw closed(where)
  return fd
}
