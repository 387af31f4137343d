/** ClientOptions, ClientEvents. */
import type { Transport } from '@uds/stream'
import { optionNames } from '@uds/winsock-ffi'
import type { Codec } from '../codecs/codec.ts'
import type { CodecName } from '../codecs/select.ts'
import type { JournalOptions } from '../journal/database.ts'
import type { AnyMap } from '../map.ts'
import { END_OPTIONS, type EndOptions } from '../end/options.ts'
import type { ReconnectOptions } from './reconnect.ts'

/** How a client connects. */
export interface ClientOptions<M extends object = AnyMap> extends EndOptions<M> {
  /** How data is written. @default 'json' */
  readonly codec?: CodecName | Codec | undefined
  /** What the server's `token` option or its `authorize` wants to see. */
  readonly token?: string | undefined
  /** How to come back when the connection is lost; false: not at all. */
  readonly reconnect?: ReconnectOptions | false | undefined
  /**
   * How long `EventClient.connect` tries again, in milliseconds from the call, while the failure is one that passes: no server
   * listens, it has no room, an attempt takes longer than `timeoutMs`, it is closing. It is a duration, not a point in time.
   * A failure that stays, such as `EACCES` or `ERR_UNAUTHORIZED`, rejects at once.
   *
   * @default 0, one attempt
   */
  readonly retryUntilMs?: number | undefined
  /** Milliseconds that one attempt to connect may take, as for `connect` of `@uds/stream`. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Aborts `EventClient.connect`; later it closes nothing. */
  readonly signal?: AbortSignal | undefined
  /** Carries the bytes, instead of the transport that the address names. */
  readonly transport?: Transport | undefined
  /** Keeps what was sent and not acknowledged beyond the life of this process. */
  readonly journal?: JournalOptions | undefined
}

export const CLIENT_OPTIONS: readonly string[] = optionNames<ClientOptions>({
  ...END_OPTIONS,
  codec: true,
  token: true,
  reconnect: true,
  retryUntilMs: true,
  timeoutMs: true,
  signal: true,
  transport: true,
  journal: true,
})

/** The events of the connection, for `on`. */
export interface ClientEvents {
  /** A connection was made. `resumed`: the server still knew this session. */
  connect: [state: { readonly resumed: boolean }]
  /**
   * An attempt to connect failed, the first one (attempt 1) after `open` or one after a loss. `retryInMs`: when the next
   * one is made at the latest; undefined: never.
   */
  connectError: [error: Error, state: { readonly attempt: number; readonly retryInMs: number | undefined }]
  /** The connection was lost; the client tries again, unless `close` follows. */
  disconnect: [reason: Error | undefined]
  /** There is room again after `emit` said false. */
  drain: []
  /** It is over, and stays so. */
  close: [reason: Error | undefined]
  /** A listener threw, or the like. Without a listener for it, it is a warning of the process. */
  error: [error: Error]
}
