/** dispatcher: what `fetch` and undici take to reach one address. */
import type { Agent as HttpAgent } from 'node:http'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { checkOptions, invalidArgument, invalidValue, optionNames } from '@uds/winsock-ffi'
import { nearestName, type Address } from '@uds/winsock-ffi/internal'
import { secureAgent, SocketAgent } from './agent.ts'
import { dial, isSecure, secure, type Dial, type Dialled, type DialOptions } from './dial.ts'
import { FetchDispatcher, type AgentFor } from './fetch-dispatcher.ts'
import { requireDispatchers } from './runtime.ts'

/** The part of undici's Dispatcher that `fetch` and `WebSocket` use. */
export interface FetchDispatcherLike {
  /** Makes a request. */
  dispatch(options: object, handler: object): boolean
  /** Waits for the requests that were made, then closes the connections. */
  close(): Promise<void>
  /** Ends the requests that were made, and closes the connections. */
  destroy(error?: Error | null): Promise<void>
}

/** The type of the option in the project's own `RequestInit`; the library "dom" has none. */
type OptionOf<T> = 'dispatcher' extends keyof T
  ? T extends { dispatcher?: infer D }
    ? NonNullable<D>
    : FetchDispatcherLike
  : FetchDispatcherLike

/**
 * What `fetch` takes as `dispatcher`, by the types of the project. Without the option `Agent` it has what `fetch` and
 * `WebSocket` need (`dispatch`, `close`, `destroy`); the other methods throw `ENOTSUP`.
 */
export type Dispatcher = OptionOf<RequestInit>

/** A class with the constructor of undici's `Agent`. */
export type DispatcherClass<D> = new (options: never) => D

/** The options of undici's connector that are used here (docs/docs/api/Connector.md). */
interface ConnectorOptions {
  readonly protocol?: string
  readonly hostname?: string
  readonly servername?: string | null
}

/** The part of the class's constructor options that is used here. */
interface AgentOptions {
  readonly connect: (options: ConnectorOptions, callback: Dialled) => void
  readonly [option: string]: unknown
}

/** The options of {@link dispatcher}. */
export interface DispatcherOptions<D> extends DialOptions {
  /**
   * The class to make, for the whole API of undici: `Agent`, or one with its constructor, of the version that will use
   * it, as versions do not always understand each other's.
   * @default a class that `fetch` of every version understands
   */
  readonly Agent?: DispatcherClass<D> | undefined
  /** More options, for that class: `pipelining`, `connections`, `keepAliveTimeout`, `headersTimeout`, ... */
  readonly agentOptions?: Readonly<Record<string, unknown>> | undefined
}

const OPTIONS: readonly string[] = optionNames<DispatcherOptions<unknown>>({
  connect: true,
  tls: true,
  Agent: true,
  agentOptions: true,
})

/** Options of undici's Agent, Pool and Client, of versions 5 to 8: a class may have others. */
const AGENT_OPTIONS: readonly string[] = [
  'allowH2',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'bodyTimeout',
  'clientTtl',
  'connect',
  'connections',
  'connectTimeout',
  'factory',
  'headersTimeout',
  'interceptors',
  'keepAliveMaxTimeout',
  'keepAliveTimeout',
  'keepAliveTimeoutThreshold',
  'localAddress',
  'maxCachedSessions',
  'maxConcurrentStreams',
  'maxHeaderSize',
  'maxOrigins',
  'maxRedirections',
  'maxRequestsPerClient',
  'maxResponseSize',
  'pingInterval',
  'pipelining',
  'socketPath',
  'strictContentLength',
  'throwOnError',
  'tls',
  'webSocket',
]

/** Options of the class that this package decides, and its own for them. */
const DECIDED: Readonly<Record<string, string>> = {
  connect: 'connect and tls',
  tls: 'tls',
  socketPath: 'the address',
}

const checkAgentOptions = (options: DispatcherOptions<unknown>): void => {
  const { agentOptions } = options
  if (agentOptions === undefined) return
  const where = 'dispatcher'
  if (typeof agentOptions !== 'object' || agentOptions === null)
    throw invalidArgument(where, 'agentOptions', 'an object', agentOptions)
  if (options.Agent === undefined)
    throw invalidArgument(where, 'Agent', 'a class of undici where there are agentOptions', undefined)
  for (const name of Object.keys(agentOptions)) {
    if (Object.hasOwn(DECIDED, name)) {
      const why = `has no effect here: it is ${DECIDED[name]!} of dispatcher`
      throw invalidValue(where, `the option agentOptions.${name}`, why, agentOptions[name])
    }
    const nearest = AGENT_OPTIONS.includes(name) ? undefined : nearestName(name, AGENT_OPTIONS, 2)
    if (nearest === undefined) continue
    const why = `does not exist; did you mean ${nearest}?`
    throw invalidValue(where, `the option agentOptions.${name}`, why, agentOptions[name])
  }
}

/** An agent for `http:` and one for `https:`, made when it is needed: it reads the certificates of the system. */
const agentsOver = (open: Dial, tls: ConnectionOptions | undefined): AgentFor => {
  const made = new Map<string, HttpAgent>()
  const make = (protocol: 'http:' | 'https:'): HttpAgent =>
    protocol === 'http:'
      ? new SocketAgent(open, { keepAlive: true })
      : secureAgent(open, { keepAlive: true, ...tls })
  return (protocol) => {
    const agent = made.get(protocol) ?? make(protocol)
    made.set(protocol, agent)
    return agent
  }
}

/** No name of a server is an address (RFC 6066, 3). */
const serverNameOf = (host: string): string => (isIP(host) === 0 ? host : '')

/** A connector of undici: TLS where the URL says `https:` or `wss:`. */
const connector =
  (open: Dial, tls: ConnectionOptions | undefined, allowH2: boolean): AgentOptions['connect'] =>
  ({ protocol, hostname, servername }, callback) =>
    open((error, connection) => {
      if (error || protocol !== 'https:' || isSecure(connection)) return callback(error, connection)
      const host = servername || hostname?.replace(/^\[|\]$/g, '')
      secure(
        connection,
        {
          ALPNProtocols: allowH2 ? ['http/1.1', 'h2'] : ['http/1.1'],
          ...(host !== undefined && { host, servername: serverNameOf(host) }),
          ...tls,
        },
        callback,
      )
    })

/**
 * A dispatcher for `fetch` and undici whose connections all go to one address, whatever host the URL names. A request for
 * `https:` or `wss:` goes through TLS, by the options of `tls`. Close it (`close()`, `destroy()`) when it is no longer
 * needed.
 *
 * @example
 * ```ts
 * const docker = dispatcher('unix:/var/run/docker.sock')
 * const response = await fetch('http://docker/version', { dispatcher: docker })
 * ```
 *
 * ## Platform behaviour
 * `fetch` of Bun and of Deno ignores a dispatcher, which is refused there: use `agent`, or Bun's option `unix`. In Deno
 * `Agent` makes one for undici's own functions.
 *
 * @throws TypeError for a wrong address or an option that does not exist; SocketError `ENOTSUP` in Bun and Deno. A failed
 *   connect or handshake is the `cause` of fetch's rejection.
 */
export function dispatcher(address: string | Address, options?: DispatcherOptions<never>): Dispatcher
export function dispatcher<D>(
  address: string | Address,
  options: DispatcherOptions<D> & { readonly Agent: DispatcherClass<D> },
): D
export function dispatcher(address: string | Address, options: DispatcherOptions<unknown> = {}): unknown {
  checkOptions(options, 'dispatcher', OPTIONS)
  checkAgentOptions(options)
  const { Agent, agentOptions, connect, tls } = options
  requireDispatchers(Agent !== undefined)
  const open = dial(address, { connect, tls }, 'dispatcher')
  if (Agent === undefined) return new FetchDispatcher(agentsOver(open, tls))
  if (typeof Agent !== 'function')
    throw invalidArgument('dispatcher', 'Agent', 'a class, as undici exports it', Agent)
  return new (Agent as new (options: AgentOptions) => unknown)({
    ...agentOptions,
    connect: connector(open, tls, agentOptions?.['allowH2'] === true),
  })
}
