/** intoLoop of Windows: a SOCKET becomes a net.Socket over Node's TCP handle. */
import type { Socket, SocketConstructorOpts } from 'node:net'
import { SocketError } from '../errors/socket-error.ts'
import { net } from '../runtime/net.ts'

/** The part of Node's TCP handle that is used here (src/tcp_wrap.cc); the same from Node 20 to 26. */
interface TcpHandle {
  /** uv_tcp_open: 0, or a negative libuv error. It owns the SOCKET from then on. */
  open(socket: number): number
  close(): void
}

type TcpConstructor = new (type: number) => TcpHandle

/** TCP.constants.SOCKET */
const SOCKET = 0

let constructor: TcpConstructor | undefined

const unsupported = (detail: string, nativeCode?: number): SocketError =>
  new SocketError({ code: 'ENOTSUP', syscall: 'adopt', nativeCode, detail })

/**
 * The class of the handle inside a TCP `net.Socket`. The handle is made in `connect` itself, while the connection is
 * begun in a later turn, which `destroy` prevents: no packet is sent. Nothing deprecated is needed for it
 * (process.binding is DEP0111, and refused under --permission).
 */
const tcpConstructor = (): TcpConstructor => {
  if (constructor) return constructor
  const probe = new (net().Socket)()
  probe.on('error', () => {})
  probe.connect({ host: '127.0.0.1', port: 1 })
  const handle = (probe as unknown as { _handle?: { constructor: TcpConstructor } | null })._handle
  const found = handle?.constructor
  probe.destroy()
  if (typeof found?.prototype?.open !== 'function')
    throw unsupported('this engine has no TCP handle to put a SOCKET into')
  constructor = found
  return found
}

/**
 * uv_tcp_open asks the SOCKET for nothing that only AF_INET has: it sets FIONBIO, joins it to the completion port, and
 * marks it readable and writable because it has a peer. From there reads are WSARecv and writes WSASend, which AF_UNIX
 * has as well (libuv src/win/tcp.c).
 */
export const intoLoop = (socket: number, options: SocketConstructorOpts): Socket => {
  const Tcp = tcpConstructor()
  // What is wrong with the options must come out before the handle owns the SOCKET.
  new (net().Socket)(options).destroy()
  const handle = new Tcp(SOCKET)
  const result = handle.open(socket)
  if (result !== 0) {
    handle.close()
    throw unsupported('libuv did not take the SOCKET (uv_tcp_open)', -result)
  }
  // `handle` is an option of Node that its types know only for BoundSocket.
  return new (net().Socket)({ ...options, handle } as unknown as SocketConstructorOpts)
}
