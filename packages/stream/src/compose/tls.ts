/** withTls: TLS over any transport. */
import type * as Tls from 'node:tls'
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls'
import type { Duplex } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'
import { throwIfAborted } from '../errors/connection-error.ts'
import { positiveMs } from '../options/numbers.ts'
import type { ConnectOptions, Transport } from '../transport.ts'
import { wrapListener } from './wrapped-listener.ts'
import { requireTransport } from '../options/check-options.ts'

/** Options of `tls.connect` for the client, and of `tls.createServer` for the server. */
export interface TlsTransportOptions {
  readonly client?: Omit<ConnectionOptions, 'socket' | 'host' | 'port' | 'path'> | undefined
  readonly server?: TlsOptions | undefined
  /** Milliseconds that a handshake may take; 10 000 unless given. */
  readonly handshakeTimeoutMs?: number | undefined
}

/** Loaded when it is needed: with what it imports it takes longer than everything else here. */
const tls = (): typeof Tls => process.getBuiltinModule('node:tls')

const late = (ms: number): SocketError =>
  new SocketError({
    code: 'ETIMEDOUT',
    syscall: 'handshake',
    detail: `the peer did not finish the TLS handshake within ${ms} ms`,
  })

/** Resolves when the handshake is done. A failure destroys both layers. */
const handshake = (
  socket: TLSSocket,
  below: Duplex,
  done: 'secure' | 'secureConnect',
  ms: number,
  signal: AbortSignal | undefined,
): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      socket.off(done, onDone)
      socket.off('error', fail)
      socket.off('end', onClose)
      socket.off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      below.destroy()
      reject(error)
    }
    const onDone = (): void => {
      settle()
      // As for any connection: an error that nobody listens for ends it, and not the process.
      socket.on('error', () => {})
      resolve(socket)
    }
    const onClose = (): void =>
      fail(
        new SocketError({
          code: 'ECONNRESET',
          syscall: 'handshake',
          detail: 'the peer closed the connection during the TLS handshake',
        }),
      )
    const onAbort = (): void => fail(signal!.reason)
    const timer = ms === Infinity ? undefined : setTimeout(() => fail(late(ms)), ms)
    socket.once(done, onDone)
    socket.once('error', fail)
    // With allowHalfOpen the end of the peer's half closes nothing by itself, and no handshake can go on after it.
    socket.once('end', onClose)
    socket.once('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
  })

/**
 * Refuses a client whose certificate was asked for and is missing or not vouched for: as `tls.Server` does, and a
 * TLSSocket alone does not (https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener).
 */
const verifyClient = (socket: TLSSocket, below: Duplex, server: TlsOptions): void => {
  if (!server.requestCert) return
  // What tls.Server itself asks. Were it to go from Node, nobody would be let in.
  const { _handle: handle } = socket as unknown as { _handle?: { verifyError?(): Error | null | undefined } }
  const error = handle?.verifyError
    ? handle.verifyError()
    : new Error('this Node does not tell whether the certificate of a client is right')
  socket.authorized = !error
  if (!error || server.rejectUnauthorized === false) return
  socket.destroy()
  below.destroy()
  throw error
}

/**
 * The transport with TLS around every connection, which is then a `tls.TLSSocket`. `authorize` still decides below it,
 * before the handshake.
 *
 * @throws SocketError `ETIMEDOUT`, `ECONNRESET` in the handshake; the errors of `node:tls` for what the peer showed.
 */
export const withTls = (transport: Transport, options: TlsTransportOptions): Transport<TLSSocket> => {
  requireTransport('withTls', transport)
  const ms = positiveMs('withTls', 'handshakeTimeoutMs', options.handshakeTimeoutMs, 10_000)
  return {
    name: `tls(${transport.name})`,
    // TLS has a half close of its own that Node does not offer (https://nodejs.org/api/tls.html: allowHalfOpen is false).
    capabilities: { ...transport.capabilities, netSocket: true, halfClose: false, credentials: false },
    connect: async (address, connectOptions: ConnectOptions = {}) => {
      throwIfAborted(connectOptions.signal)
      // onread belongs to the layer that is read.
      const { onread: _above, ...below } = connectOptions
      const connection = await transport.connect(address, below)
      const socket = tls().connect({ ...options.client, socket: connection })
      return await handshake(socket, connection, 'secureConnect', ms, connectOptions.signal)
    },
    listen: async (address, listenOptions = {}) => {
      const { server = {} } = options
      const { TLSSocket, createSecureContext } = tls()
      const secureContext = createSecureContext(server)
      const inner = await transport.listen(address, listenOptions)
      const listener = wrapListener(inner, listenOptions, async (connection) => {
        const socket = new TLSSocket(connection, { ...server, isServer: true, secureContext })
        await handshake(socket, connection, 'secure', ms, undefined)
        verifyClient(socket, connection, server)
        return socket
      })
      return listener as Awaited<ReturnType<Transport<TLSSocket>['listen']>>
    },
  }
}
