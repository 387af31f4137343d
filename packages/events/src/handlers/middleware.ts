/** A message on its way to its listeners or handler. */
export interface IncomingMessage<Peer = unknown> {
  readonly kind: 'emit' | 'send' | 'request' | 'stream'
  readonly name: string
  /** May be replaced: the next middleware, and the listeners, see the new value. */
  data: unknown
  readonly peer: Peer
  /** It may have been handled before. */
  readonly redelivered: boolean
}

/**
 * Stands before every listener and handler. A middleware that does not call `next` swallows an event, or answers a request by
 * itself; what it throws is the answer of a request, the refusal of a `send`, and is reported for an `emit`. Called in
 * the order of arrival.
 */
export type Middleware<Peer = unknown> = (
  message: IncomingMessage<Peer>,
  next: () => Promise<unknown>,
) => unknown

/** Runs a message through the middleware, then through `last`. */
export const runMiddleware = (
  all: readonly Middleware[],
  message: IncomingMessage,
  last: (data: unknown) => unknown,
): Promise<unknown> => {
  const from = async (at: number): Promise<unknown> => {
    const middleware = all[at]
    if (middleware === undefined) return await last(message.data)
    let called = false
    return await middleware(message, () => {
      if (called) return Promise.reject(new Error('a middleware called next() twice'))
      called = true
      return from(at + 1)
    })
  }
  return from(0)
}
