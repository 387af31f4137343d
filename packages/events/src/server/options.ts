/** ServerOptions, ServerEvents. */
import type { ListenOptions, Transport } from '@uds/stream'
import { optionNames } from '@uds/winsock-ffi'
import type { Codec } from '../codecs/codec.ts'
import type { CodecName } from '../codecs/select.ts'
import type { JournalOptions } from '../journal/database.ts'
import type { AnyMap } from '../map.ts'
import { END_OPTIONS, type EndOptions } from '../end/options.ts'
import type { Adapter } from './adapter.ts'
import type { Authorizer } from './authorize.ts'
import type { ServerPeer } from './peer.ts'

/** How a server listens. */
export interface ServerOptions<M extends object = AnyMap, Server = unknown> extends EndOptions<M> {
  /** The codecs that clients may choose. @default all four; `structuredClone` only for processes of the same user */
  readonly codecs?: readonly (CodecName | Codec)[] | undefined
  /** Clients must show this; not empty. */
  readonly token?: string | undefined
  /**
   * Decides who may stay, after the token: `sameUser` asks the system, and `listen` fails with `ENOTSUP` where it cannot
   * be asked.
   */
  readonly authorize?: 'sameUser' | Authorizer | undefined
  /** Which rooms clients may join by themselves: those for which it returns exactly `true`. @default () => false */
  readonly joinable?: ((peer: ServerPeer<M>, room: string) => boolean | Promise<boolean>) | undefined
  /**
   * Refuses a client with the name of another that is connected (`ERR_NAME_TAKEN`). One that is away keeps its session, not
   * its name. Clients without a name may come.
   *
   * @default false
   */
  readonly uniqueNames?: boolean | undefined
  /**
   * Whom a client sees with `watchPeers`: those for whom it returns exactly `true`. Only their names are sent.
   *
   * @default nobody
   */
  readonly visible?: ((watcher: ServerPeer<M>, peer: ServerPeer<M>) => boolean) | undefined
  /**
   * Whether a client may ask another, by `client.peer(name).request(...)`: when it returns exactly `true`. `name` is the
   * name of the request.
   *
   * @default no client may
   */
  readonly forwardable?:
    | ((from: ServerPeer<M>, to: ServerPeer<M>, name: string) => boolean | Promise<boolean>)
    | undefined
  /** Milliseconds that a session waits for its client to come back. @default 30_000 */
  readonly sessionMs?: number | undefined
  /**
   * How many sessions may wait for their clients. Of more, one of the process (or user) that has the most goes: an empty
   * one, else its oldest.
   *
   * @default 10_000
   */
  readonly maxSessions?: number | undefined
  /** What `broadcast` does with a peer whose queue is full, under `wait` and `fail`. @default 'disconnect' */
  readonly slowConsumer?: 'disconnect' | 'skip' | undefined
  /**
   * Keeps broadcasts for clients that are away, and sends them when the client comes back with its session, in order with
   * what else waited: at most `limit` for each (the oldest goes, and counts as dropped), none older than `maxAgeMs`.
   *
   * @default none are kept
   */
  readonly missed?: { readonly limit: number; readonly maxAgeMs: number } | undefined
  /** Joins this server to others: what it says to all, or to rooms, goes to their clients too. */
  readonly adapter?: Adapter | undefined
  /** Lets handlers of `send` commit their effect and the acknowledgement together. */
  readonly journal?: JournalOptions | undefined
  /**
   * Called when the address is known (`server.address`) and before the first client is served: the place for handlers
   * and listeners, so that a `send` that waited for the server finds them. `listen` waits for it; what it throws rejects
   * `listen`, and nothing stays open.
   */
  readonly setUp?: ((server: Server) => unknown) | undefined
  /** For the listener of `@uds/stream`: `mode`, `takeOver`, `maxConnections`, ... */
  readonly listen?: ListenOptions | undefined
  /** Aborts `EventServer.listen`; later it closes nothing. */
  readonly signal?: AbortSignal | undefined
  /** Carries the bytes, instead of the transport that the address names. */
  readonly transport?: Transport | undefined
}

export const SERVER_OPTIONS: readonly string[] = optionNames<ServerOptions>({
  ...END_OPTIONS,
  codecs: true,
  token: true,
  authorize: true,
  joinable: true,
  uniqueNames: true,
  visible: true,
  forwardable: true,
  sessionMs: true,
  maxSessions: true,
  slowConsumer: true,
  missed: true,
  adapter: true,
  journal: true,
  setUp: true,
  listen: true,
  signal: true,
  transport: true,
})

/** The events of the connections, for `on`. */
export interface ServerEvents<M extends object> {
  /** A client is there. `resumed`: with its session of before. */
  connection: [peer: ServerPeer<M>, state: { readonly resumed: boolean }]
  /** A client lost its connection; it may come back while its session lives. */
  disconnect: [peer: ServerPeer<M>, reason: Error | undefined]
  /** There is room again for a peer after `emit` or `broadcast` said false. */
  drain: [peer: ServerPeer<M>]
  /** It is over. */
  close: []
  /** A listener threw, a client was refused or broke the rules. Without a listener for it, it is a warning. */
  error: [error: Error, peer: ServerPeer<M> | undefined]
}
