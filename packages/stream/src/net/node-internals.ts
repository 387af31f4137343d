/**
 * tcpHandle, setHandle, takeHandle, looksLikePipe: the parts of Node's classes below their documented API that AF_UNIX
 * on Windows needs. All of them are the same from Node 22 to 26 (lib/net.js, lib/internal/tls/wrap.js, src/tcp_wrap.cc);
 * an engine without them fails with `ENOTSUP`.
 */
import net from 'node:net'
import { SocketError } from '@uds/winsock-ffi'

/** The object of libuv inside a `net.Socket` or a `net.Server`. */
export interface TcpHandle {
  /** uv_tcp_open: 0, or a negative libuv error. The handle owns the socket from then on. */
  open(socket: number): number
  close(callback?: () => void): void
  ref(): void
  unref(): void
  /** Called by `net.Socket.connect`; 0, or a negative libuv error. */
  connect(request: ConnectRequest, path: string): number
  /** Called by `net.Server.listen`; 0, or a negative libuv error. */
  listen(backlog: number): number
  /** Only a handle of a pipe has it: called by `net.Server.listen` for `readableAll` and `writableAll`. */
  fchmod?(access: number): number
  /** Set by `net.Server.listen`, or by the primary process of a cluster: takes a connection in. */
  onconnection?: (error: number, client: object) => void
  /** The `net.Socket`, as the callback of a connect looks it up. */
  owner?: object
}

/** The request of `net.Socket.connect`. */
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

interface WithHandle {
  _handle?: TcpHandle | null
}

/** TCP.constants: for a socket that connects, or that listens. */
const TYPES = { socket: 0, server: 1 } as const

const unsupported = (what: string): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'net',
    detail: `${what} of this engine cannot carry AF_UNIX on Windows`,
    advice: 'use connect and listen of @uds/stream',
  })

/** `net._createServerHandle` makes and binds a handle, which does not listen and is closed at once: no observer sees it. */
const ofBoundHandle = (): TcpHandle | undefined => {
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle?: (address: string, port: number, family: number) => TcpHandle | number
  }
  try {
    const handle = create?.('127.0.0.1', 0, 4)
    if (typeof handle !== 'object') return undefined
    handle.close()
    return handle
  } catch {
    // Node's permission model refuses it.
    return undefined
  }
}

/** A socket makes its handle in `connect`, and the connection in a later turn, which `destroy` prevents. */
const ofSocket = (): TcpHandle | undefined => {
  const probe = new net.Socket()
  probe.on('error', () => {})
  probe.connect({ host: '127.0.0.1', port: 1 })
  const { _handle: handle } = probe as unknown as WithHandle
  probe.destroy()
  return handle ?? undefined
}

let constructor: TcpConstructor | undefined

const tcpConstructor = (): TcpConstructor => {
  if (constructor) return constructor
  const handle = ofBoundHandle() ?? ofSocket()
  if (typeof handle?.open !== 'function') throw unsupported('net.Socket')
  constructor = handle.constructor as TcpConstructor
  return constructor
}

/** Methods of a TCP handle that a handle of a pipe lacks: Node leaves the calls out where they are undefined. */
const ONLY_TCP = [
  'setNoDelay',
  'setKeepAlive',
  'setTypeOfService',
  'getTypeOfService',
  'getsockname',
  'getpeername',
] as const

/**
 * Hides from Node, and so from observers, that the handle is one of TCP: `address()` is as for a pipe, and `setNoDelay`
 * and `setKeepAlive` have no effect. Before the connection they would make libuv open a TCP socket of its own.
 */
export const looksLikePipe = <H extends object>(handle: H): H => {
  for (const method of ONLY_TCP) Object.assign(handle, { [method]: undefined })
  return handle
}

/** A TCP handle without a socket. */
export const tcpHandle = (type: keyof typeof TYPES): TcpHandle =>
  looksLikePipe(new (tcpConstructor())(TYPES[type]))

type Reinitialize = (this: net.Socket, handle: TcpHandle) => void

/** The method by which Node replaces the handle of a socket, also of a `tls.TLSSocket`, between attempts to connect. */
const reinitializer = (socket: net.Socket): Reinitialize | undefined => {
  const symbol = Object.getOwnPropertySymbols(net.Socket.prototype).find(
    ({ description }) => description === 'kReinitializeHandle',
  )
  return symbol && (socket as unknown as Readonly<Record<symbol, Reinitialize>>)[symbol]
}

/** True when the socket has no handle yet, neither of its own nor from an option. */
export const needsHandle = (socket: net.Socket): boolean => {
  const { _handle: handle, ssl } = socket as net.Socket & WithHandle & { readonly ssl?: object | null }
  if (!handle || socket.destroyed) return true
  // A TLSSocket of its own makes a handle of a pipe in its constructor; one over another socket has a parent that wraps.
  return Boolean(ssl) && socket.pending && !(handle as { _parentWrap?: object | null })._parentWrap
}

/**
 * Sets the handle of a socket that is about to connect.
 *
 * @throws SocketError `ENOTSUP`.
 */
export const setHandle = (socket: net.Socket, handle: TcpHandle): void => {
  const reinitialize = reinitializer(socket)
  if (!reinitialize) throw unsupported('net.Socket')
  const inside = socket as net.Socket & WithHandle & { ssl?: object | null; _peername?: object | null }
  if (socket.destroyed) inside._handle = null
  inside._peername = null
  const isTls = Boolean(inside.ssl)
  reinitialize.call(socket, handle)
  handle.owner = socket
  if (isTls) inside.ssl = inside._handle ?? null
}

/** Takes the handle out of a socket, which is then nothing any more. */
export const takeHandle = (socket: net.Socket): object => {
  const inner = socket as unknown as WithHandle
  const handle = inner._handle
  if (!handle) throw unsupported('net.Socket')
  inner._handle = null
  return looksLikePipe(handle)
}
