/** NodeOptions, NodeEvents, Role. */
import { optionNames } from '@uds/winsock-ffi'
import type { ClientEvents, ClientOptions } from '../client/options.ts'
import type { Contract } from '../contract/contract.ts'
import type { AnyMap } from '../map.ts'
import type { ServerOptions } from '../server/options.ts'

/** What a node is now: it serves, or it follows the one that does. */
export type NodeRole = 'server' | 'client'

type Shared = 'name' | 'token' | 'contract' | 'setUp' | 'signal' | 'transport'

/** How a node joins. */
export interface NodeOptions<M extends object = AnyMap, Node = unknown> {
  /** Says who this node is, to the others; not proved by anything. */
  readonly name?: string | undefined
  /** What every node has to show. */
  readonly token?: string | undefined
  /** Schemas that check what arrives; the type map follows from them. */
  readonly contract?: Contract<M> | undefined
  /** Called before the node joins: the place for handlers and listeners, so that what waited for a server finds them. */
  readonly setUp?: ((node: Node) => unknown) | undefined
  /** For the server that this node may become. */
  readonly server?: Omit<ServerOptions<M>, Shared> | undefined
  /** For the client that every node has. @default { reconnect: { initialMs: 10, maxMs: 1000 } } */
  readonly client?: Omit<ClientOptions<M>, Shared | 'retryUntilMs'> | undefined
  /** Ends `join`; later it closes nothing. */
  readonly signal?: AbortSignal | undefined
}

export const NODE_OPTIONS: readonly string[] = optionNames<NodeOptions>({
  name: true,
  token: true,
  contract: true,
  setUp: true,
  server: true,
  client: true,
  signal: true,
})

/** What happens to a node, for `on`. */
export interface NodeEvents extends ClientEvents {
  /** The node has become the server, or the client of another one. */
  role: [role: NodeRole]
}
