/** ClientEvents, Delivery: what a client reports to its listeners. */

/** What a listener gets behind the data. */
export interface Delivery {
  readonly name: string
  /** `send` is acknowledged when the listener is done. */
  readonly kind: 'emit' | 'send'
  /** It may have been handled before. */
  readonly redelivered: boolean
}

/** What happens to the connection, for `on`. */
export interface ClientEvents {
  /** A connection was made. `resumed`: the server still knew this session. */
  connect: [state: { readonly resumed: boolean }]
  /** An attempt to connect again failed. */
  connectError: [error: Error]
  /** The connection was lost; the client tries again, unless `close` follows. */
  disconnect: [reason: Error | undefined]
  /** There is room again after `emit` said false. */
  drain: []
  /** It is over, and stays so. */
  close: [reason: Error | undefined]
  /** A listener threw, or the like. Without a listener for it, it is an error on the console. */
  error: [error: Error]
}

/** The names of {@link ClientEvents}, which no event of the server may have. */
export const LOCAL: ReadonlySet<string> = new Set([
  'connect',
  'connectError',
  'disconnect',
  'drain',
  'close',
  'error',
])
/** Reasons of a server after which no client comes back. */
export const FINAL: ReadonlySet<string> = new Set([
  'ERR_UNAUTHORIZED',
  'ERR_DISCONNECTED_BY_SERVER',
  'ERR_UNSUPPORTED_CODEC',
  'ERR_UNSUPPORTED_OPTION',
  'ERR_UNSUPPORTED_VERSION',
  'ERR_SESSION_TAKEN',
])
