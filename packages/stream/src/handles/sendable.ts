/** What can be sent to another process, and its descriptor. */
import { Server, Socket } from 'node:net'
import { invalidArgument, SocketError } from '@uds/winsock-ffi'

/**
 * Something with a descriptor: a `Descriptor` or `SocketHandle` of @uds/winsock-ffi, a `FileHandle`, a stream of
 * `node:fs` or `node:tty`, a `net.Socket`, a `net.Server`, what `receiveHandle` gave, or the number itself.
 */
export type Sendable = number | { readonly fd: number } | Socket | Server

const WHERE = 'sendHandle'

/** The part of Node's handles that is used here. On POSIX they tell their descriptor. */
interface NodeHandle {
  readonly fd?: number
  reading?: boolean
  readStop?(): void
}

const invalidState = (detail: string): Error =>
  Object.assign(new Error(`${WHERE}: ${detail}`), { code: 'ERR_INVALID_STATE' })

const closed = (): SocketError =>
  new SocketError({ code: 'EBADF', syscall: WHERE, detail: 'the handle is closed, or not open yet' })

/** Bytes that this process has taken from the connection, or still owes it, would be missing at the other end. */
const detach = (socket: Socket, handle: NodeHandle): void => {
  if (socket.connecting) throw invalidState('the socket is still connecting; wait for connect')
  if (socket.writableLength > 0) throw invalidState('the socket has bytes to write; wait for drain')
  handle.readStop?.()
  handle.reading = false
  if (socket.readableLength > 0) {
    throw invalidState(
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
export const descriptorOf = (thing: Sendable): number => {
  if (thing instanceof Socket || thing instanceof Server) {
    const handle = (thing as { _handle?: NodeHandle | null })._handle
    if (!handle || typeof handle.fd !== 'number' || handle.fd < 0) throw closed()
    if (thing instanceof Socket) detach(thing, handle)
    return handle.fd
  }
  const fd = typeof thing === 'number' ? thing : (thing as { fd?: unknown } | null | undefined)?.fd
  if (typeof fd !== 'number' || !Number.isInteger(fd)) {
    throw invalidArgument(WHERE, 'the handle', 'a descriptor, or something that has one (fd)', thing)
  }
  if (fd < 0) throw closed()
  return fd
}
