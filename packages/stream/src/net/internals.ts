/**
 * What of Node's own classes the AF_UNIX of Windows has to reach into. All of it has been the same from Node 20 to 26
 * (lib/net.js, src/tcp_wrap.cc); a version without it gets `ENOTSUP` in words.
 */
import net from 'node:net'
import { SocketError } from '@uds/winsock-ffi'

/** The object of libuv inside a `net.Socket` or a `net.Server`. */
export interface TcpHandle {
  /** uv_tcp_open: 0, or a negative libuv error. It owns the socket from then on. */
  open(socket: number): number
  close(callback?: () => void): void
  ref(): void
  unref(): void
  /** Called by `net.Socket.connect` in a later turn; 0, or a negative libuv error. */
  connect(request: ConnectRequest, ...address: unknown[]): number
  /** Called by `net.Server.listen`; 0, or a negative libuv error. */
  listen(backlog: number): number
  getsockname: unknown
  /** Set by `net.Server.listen`: takes a connection in. */
  onconnection?: (error: number, client: object) => void
}

/** What `net.Socket.connect` waits with. */
export interface ConnectRequest {
  oncomplete(
    status: number,
    handle: TcpHandle,
    request: ConnectRequest,
    readable: boolean,
    writable: boolean,
  ): void
}

type TcpConstructor = new (type: number) => TcpHandle

/** TCP.constants.SERVER */
const SERVER = 1

const withHandle = (object: object): { _handle?: TcpHandle | null } => object

const unsupported = (what: string): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'net',
    detail: `${what} of this engine cannot carry AF_UNIX on Windows`,
    advice: 'use connect and listen of @uds/stream',
  })

/**
 * Makes the socket a connecting one with a TCP handle of its own, as `connect` to an IP address does at once, while
 * what connects is called in a later turn: that call comes to `begin` instead of the system.
 */
export const connectBy = (
  socket: net.Socket,
  begin: (handle: TcpHandle, request: ConnectRequest) => void,
): void => {
  Reflect.apply(net.Socket.prototype.connect, socket, [{ host: '127.0.0.1', port: 1 }])
  const handle = withHandle(socket)._handle
  if (typeof handle?.open !== 'function' || typeof handle.connect !== 'function') {
    socket.destroy()
    throw unsupported('net.Socket')
  }
  handle.connect = (request) => {
    begin(handle, request)
    return 0
  }
}

/** A TCP handle of the kind that listens. No socket is made for it before it is bound, which it never is. */
export const serverHandle = (): TcpHandle => {
  const probe = new net.Socket()
  probe.on('error', () => {})
  // The handle is made at once; the connection would be begun in a later turn, which destroy prevents.
  probe.connect({ host: '127.0.0.1', port: 1 })
  const handle = withHandle(probe)._handle
  probe.destroy()
  if (typeof handle?.open !== 'function') throw unsupported('net.Server')
  return new (handle.constructor as TcpConstructor)(SERVER)
}

/** Takes the handle out of a socket, which is then nothing any more. */
export const takeHandle = (socket: net.Socket): object => {
  const inner = withHandle(socket)
  const handle = inner._handle
  if (!handle) throw unsupported('net.Socket')
  inner._handle = null
  return handle
}

/** `server.address()` gives this, as for a pipe, when the handle has no `getsockname`. */
export const setAddress = (server: net.Server, path: string): void => {
  Object.assign(server, { _pipeName: path })
}
