import { Agent, type AgentOptions } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address } from '@uds/winsock-ffi/internal'
import { dial, type Dial, type DialOptions } from './dial.ts'

/** What `http.Agent` takes, and how to connect. */
export interface SocketAgentOptions extends AgentOptions, DialOptions {}

class SocketAgent extends Agent {
  readonly #dial: Dial

  constructor(connect: Dial, options: AgentOptions) {
    super(options)
    this.#dial = connect
  }

  override createConnection(
    _options: object,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    if (callback) this.#dial(callback)
    return undefined
  }

  /** A Duplex that is no `net.Socket` has no `unref` and no `setTimeout`, so it is used once. */
  override keepSocketAlive(stream: Duplex): boolean {
    if (!(stream instanceof Socket)) return false
    // Node's types say that this gives nothing; true keeps the socket.
    return super.keepSocketAlive(stream) as unknown as boolean
  }
}

/**
 * An `http.Agent` whose connections all go to one address, whatever host the request names. Connections are kept
 * alive between requests unless `keepAlive: false` is given.
 *
 * @example
 * ```ts
 * http.get('http://docker/containers/json', { agent: agent('unix:/var/run/docker.sock') }, (response) => {})
 * ```
 *
 * @throws TypeError for an address that cannot be one, at once; a failed connect is an 'error' of its request.
 */
export const agent = (address: string | Address, options: SocketAgentOptions = {}): Agent => {
  const { connect, ...rest } = options
  return new SocketAgent(dial(address, { connect }, 'agent'), { keepAlive: true, ...rest })
}
