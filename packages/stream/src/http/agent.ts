/** agent: an agent of node:http or node:https whose connections go to one address. */
import { Agent, type AgentOptions } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import type { Address } from '@uds/winsock-ffi/internal'
import { dial, isSecure, secure, type Dial, type Dialled, type DialOptions } from './dial.ts'

/** The options of `http.Agent` that mean something here: the others say where to connect. */
type OwnOptions = Pick<
  AgentOptions,
  | 'agentKeepAliveTimeoutBuffer'
  | 'keepAlive'
  | 'keepAliveMsecs'
  | 'maxFreeSockets'
  | 'maxSockets'
  | 'maxTotalSockets'
  | 'scheduling'
  | 'timeout'
>

/** The options of {@link agent}: those of `http.Agent`, and how to connect. */
export interface SocketAgentOptions extends OwnOptions, DialOptions {}

const OPTIONS: readonly string[] = optionNames<SocketAgentOptions>({
  connect: true,
  tls: true,
  agentKeepAliveTimeoutBuffer: true,
  keepAlive: true,
  keepAliveMsecs: true,
  maxFreeSockets: true,
  maxSockets: true,
  maxTotalSockets: true,
  scheduling: true,
  timeout: true,
})

/** An `http.Agent` over connections of a {@link Dial}. */
export class SocketAgent extends Agent {
  readonly #dial: Dial

  constructor(connect: Dial, options: AgentOptions) {
    super(options)
    this.#dial = connect
  }

  override createConnection(_options: object, callback?: Dialled): Duplex | null | undefined {
    if (callback) this.#dial(callback)
    return undefined
  }

  /** A Duplex that is no `net.Socket` has no `unref` and no `setTimeout`, so it is used once. */
  override keepSocketAlive(stream: Duplex): boolean {
    if (!(stream instanceof Socket)) return false
    // By Node's types it returns nothing; true keeps the socket.
    return super.keepSocketAlive(stream) as unknown as boolean
  }
}

/** An `https.Agent` over connections of a {@link Dial}. The first one loads node:https. */
export const secureAgent = (connect: Dial, options: AgentOptions & ConnectionOptions): SecureAgent => {
  const https = process.getBuiltinModule('node:https')
  const made = new https.Agent(options)
  // Node's own puts TLS over the connection: with the options of the request, the name of its host and kept sessions.
  const createSecure = made.createConnection.bind(made) as (all: ConnectionOptions) => TLSSocket
  made.createConnection = (requested: object, callback?: Dialled): Duplex | null | undefined => {
    connect((error, connection) => {
      if (error || isSecure(connection)) callback?.(error, connection)
      else secure(connection, { ...requested, path: undefined }, callback ?? (() => {}), createSecure)
    })
    return undefined
  }
  return made
}

/**
 * An agent whose connections all go to one address, whatever host the request names: an `http.Agent`, or with `tls` an
 * `https.Agent`. Node refuses a request of the other protocol (`ERR_INVALID_PROTOCOL`) before it connects. Connections
 * are kept alive between requests unless `keepAlive` is false.
 *
 * @example
 * ```ts
 * http.get('http://docker/containers/json', { agent: agent('unix:/var/run/docker.sock') }, (response) => {})
 * https.get('https://daemon/', { agent: agent('unix:/run/daemon.sock', { tls: { ca } }) }, (response) => {})
 * ```
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a wrong address or an option that does not
 *   exist, at once; a failed connect or handshake is an 'error' of its request.
 */
export function agent(
  address: string | Address,
  options: SocketAgentOptions & { readonly tls: NonNullable<SocketAgentOptions['tls']> },
): SecureAgent
export function agent(address: string | Address, options?: SocketAgentOptions): Agent
export function agent(address: string | Address, options: SocketAgentOptions = {}): Agent {
  checkOptions(options, 'agent', OPTIONS)
  const { connect, tls, ...rest } = options
  const opened = dial(address, { connect, tls }, 'agent')
  const all = { keepAlive: true, ...rest }
  return tls === undefined ? new SocketAgent(opened, all) : secureAgent(opened, { ...all, ...tls })
}
