/** What a listener receives besides the data. */
export interface Delivery {
  readonly name: string
  /** `send`: the sender waits until the listener is done. */
  readonly kind: 'emit' | 'send'
  /** The message may have been handled before: by a receiver that has forgotten, because it was started again. */
  readonly redelivered: boolean
  /** The database of the journal, in a transaction that commits the acknowledgement too; only with a journal. */
  readonly transaction?: unknown
}

/** What a handler of requests receives besides the input. */
export interface RequestContext<Peer = unknown> {
  /** The name of the request. */
  readonly name: string
  /** Who asks: a `ServerPeer` at the server, the `EventClient` itself at a client. */
  readonly peer: Peer
  /** Aborts when the caller cancels (timeout, signal, `break`) or goes away. */
  readonly signal: AbortSignal
}

/** A handler of requests. */
export type Handler = (input: never, context: RequestContext<never>) => unknown
