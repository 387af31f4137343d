/** What a listener receives besides the data. */
export interface Delivery {
  readonly name: string
  /** `send`: the sender waits until the listener is done. */
  readonly kind: 'emit' | 'send'
  /**
   * Of a `send`: `SESSION:NUMBER`, the same at every redelivery and of no other message of the session in this direction.
   * Undefined for an `emit`.
   */
  readonly id?: string | undefined
  /** The message may have been handled before: by a receiver that has forgotten, because it was started again. */
  readonly redelivered: boolean
  /** The database of the journal, in a transaction that commits the acknowledgement too; only with a journal. */
  readonly transaction?: unknown
}

/** What a handler of requests receives besides the input. */
export interface RequestContext<Peer = unknown> {
  /** The name of the request. */
  readonly name: string
  /** Whether the caller waits for one reply, or for a stream of them. */
  readonly kind: 'request' | 'stream'
  /** Who asks: a `ServerPeer` at the server, the `EventClient` itself at a client. */
  readonly peer: Peer
  /** Aborts when the caller cancels (timeout, signal, `break`) or goes away. */
  readonly signal: AbortSignal
}

/** A handler of requests. */
export type Handler = (input: never, context: RequestContext<never>) => unknown

/** A handler of requests that have none of their own. */
export type OthersHandler = (name: string, input: unknown, context: RequestContext<never>) => unknown

/** A listener of events that have none of their own. */
export type OthersListener = (name: string, ...args: unknown[]) => unknown
