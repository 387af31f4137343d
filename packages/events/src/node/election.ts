/** Election: one of the nodes of an address is its server, the others are clients of that one. */
import type { Duplex } from 'node:stream'
import {
  type Address,
  connect,
  type ConnectOptions,
  listen,
  listenOrConnect,
  type Listener,
  memory,
  tcp,
  vsock,
  type Transport,
  unix,
} from '@uds/stream'
import type { ListenOptions } from '@uds/stream'
import type { NodeRole } from './options.ts'

/** The server of a node, while it has one. */
export interface ServingEnd {
  accept(connection: Duplex): void
}

/** What an election needs of its node. */
export interface ElectionContext {
  readonly address: string | Address
  readonly listen: Omit<ListenOptions, 'signal' | 'takeOver' | 'exclusive'> | undefined
  /** Resolves when the node may join. */
  readonly ready: Promise<void>
  /** Makes the server; its transport has the open listener. */
  serve(transport: Transport): Promise<ServingEnd>
}

const transportOf = (address: string | Address): Transport => {
  const scheme = typeof address === 'object' ? address.scheme : undefined
  if (scheme === 'tcp') return tcp
  if (scheme === 'vsock') return vsock
  return scheme === 'memory' ? memory : unix
}

/**
 * The transport of a node's client: each connection is an election. Where a server is there, it leads to that one; else this
 * node becomes the server, and its own client is connected in memory.
 */
export class Election {
  readonly #context: ElectionContext
  #server: ServingEnd | undefined
  /** What the last connection made of the node; undefined: it failed before. */
  outcome: NodeRole | undefined

  constructor(context: ElectionContext) {
    this.#context = context
  }

  get transport(): Transport {
    return {
      ...transportOf(this.#context.address),
      connect: (_, options) => this.#connect(options ?? {}),
    }
  }

  async #connect({ signal, ...options }: ConnectOptions): Promise<Duplex> {
    this.outcome = undefined
    const { address, listen: listening, ready, serve } = this.#context
    await ready
    if (this.#server === undefined) {
      const found = await listenOrConnect(address, { connect: options, listen: listening, signal })
      this.outcome = found.role
      if (found.role === 'client') return found.connection
      this.#server = await serve({ ...transportOf(address), listen: () => Promise.resolve(found.listener) })
    }
    this.outcome = 'server'
    return await this.#toItself(this.#server)
  }

  /** A connection of this node's client with its own server. */
  async #toItself(server: ServingEnd): Promise<Duplex> {
    const address = `memory:${crypto.randomUUID()}` as const
    const door: Listener = await listen(address)
    door.on('connection', (connection) => server.accept(connection))
    const connection = await connect(address)
    connection.once('close', () => void door.close())
    return connection
  }
}
