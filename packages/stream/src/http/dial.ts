/** dial: connects to one address; secure: puts TLS over such a connection. */
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { Address } from '@uds/winsock-ffi/internal'
import { handshake, HANDSHAKE_MS, tls } from '../compose/handshake.ts'
import { checkTlsClient, type TlsClientOptions } from '../compose/tls-options.ts'
import { checkConnectDoorOptions, connect, type ConnectDoorOptions } from '../connect.ts'
import { route } from '../transports/route.ts'

// Not imported: the ES import of this module reads process.stderr, which makes the pipes 0 to 2 of the process non-blocking.
const { callbackify } = process.getBuiltinModule('node:util')

/** The way of a client to its address. */
export interface DialOptions {
  /** The options of each connect: `transport`, `timeoutMs`, `retryUntilMs`, ... */
  readonly connect?: ConnectDoorOptions | undefined
  /**
   * TLS over each connection, by the options of `tls.connect`: `ca`, `cert`, `servername`, ... The certificate of the
   * server must be for the host that the URL names. A handshake may take 10,000 ms. A connection of a transport that has
   * TLS itself (`withTls`) is left as it is.
   */
  readonly tls?: TlsClientOptions | undefined
}

/** Called once, outside of any promise: an error that it throws is the program's. */
export type Dialled<C extends Duplex = Duplex> = (error: Error | null, connection: C) => void

/** Connects. */
export type Dial = (callback: Dialled) => void

/** Connects to one address, as often as it is called. The address and the options are checked before the first call. */
export const dial = (address: string | Address, options: DialOptions, where: string): Dial => {
  if (options.connect !== undefined) checkConnectDoorOptions(options.connect, `${where}: connect`)
  checkTlsClient(options.tls, where, 'tls')
  route(address, options.connect?.transport, where)
  return callbackify(() => connect(address, options.connect))
}

/** True for a connection of a transport that has TLS itself (`withTls`): its own options decide whom to trust. */
export const isSecure = (connection: Duplex): boolean => (connection as Partial<TLSSocket>).encrypted === true

/**
 * Calls back when the TLS handshake is done.
 *
 * @param wrap - Begins TLS over the connection: `tls.connect`, or an `https.Agent` that keeps sessions.
 */
export const secure = (
  connection: Duplex,
  options: ConnectionOptions,
  callback: Dialled<TLSSocket>,
  wrap: (options: ConnectionOptions) => TLSSocket = (all) => tls().connect(all),
): void => {
  const begin = async (): Promise<TLSSocket> => {
    const socket = wrap({ ...options, socket: connection })
    return await handshake(socket, connection, 'secureConnect', HANDSHAKE_MS, undefined)
  }
  callbackify(begin)(callback)
}
