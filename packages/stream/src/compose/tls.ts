/** withTls: TLS over any transport. */
import type { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { milliseconds } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../errors/connection-error.ts'
import type { ConnectOptions, Transport } from '../transport.ts'
import { requireObject, requireTransport } from '../options/check-options.ts'
import { handshake, HANDSHAKE_MS, tls } from './handshake.ts'
import {
  checkTlsClient,
  checkTlsServer,
  requireTlsServer,
  type TlsClientOptions,
  type TlsServerOptions,
} from './tls-options.ts'
import { wrapListener } from './wrapped-listener.ts'

/** The options of both ends. */
export interface TlsTransportOptions {
  /** Of the end that connects, as `tls.connect` has them: `ca`, `servername`, ... */
  readonly client?: TlsClientOptions | undefined
  /** Of the end that listens, as `tls.createServer` has them: `cert` and `key`, or `pskCallback`, ... */
  readonly server?: TlsServerOptions | undefined
  /** Milliseconds that a handshake may take. @default 10_000 */
  readonly handshakeTimeoutMs?: number | undefined
}

const OPTIONS: readonly string[] = optionNames<TlsTransportOptions>({
  client: true,
  server: true,
  handshakeTimeoutMs: true,
})

/**
 * Refuses a client whose certificate was asked for and is missing or not vouched for: as `tls.Server` does, and a
 * TLSSocket alone does not (https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener).
 */
const verifyClient = (socket: TLSSocket, below: Duplex, server: TlsServerOptions): void => {
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
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for an option that does not exist, and from `listen`
 *   for a server without a certificate or a shared key.
 * @throws SocketError `ETIMEDOUT`, `ECONNRESET` in the handshake; the errors of `node:tls` for what the peer showed.
 */
export const withTls = (transport: Transport, options: TlsTransportOptions): Transport<TLSSocket> => {
  requireTransport('withTls', transport)
  requireObject('withTls', options)
  checkOptions(options, 'withTls', OPTIONS)
  checkTlsClient(options.client, 'withTls', 'client')
  checkTlsServer(options.server, 'withTls')
  const ms = milliseconds('withTls', 'handshakeTimeoutMs', options.handshakeTimeoutMs, HANDSHAKE_MS)
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
      const server = requireTlsServer(options.server, 'withTls')
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
