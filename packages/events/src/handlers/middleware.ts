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

/** What `next` returns where everything behind it was done at once, with nothing to return: most events. */
const DONE: Promise<undefined> = Promise.resolve(undefined)

const later = (result: unknown): Promise<unknown> => {
  if (result === undefined) return DONE
  return result instanceof Promise ? result : Promise.resolve(result)
}

/**
 * Runs a message through the middleware, then through `last`: at once, as far as none of them makes it wait. A middleware
 * that returns what `next` returned costs no promise for an event.
 */
export const runMiddleware = (
  all: readonly Middleware[],
  message: IncomingMessage,
  last: (data: unknown) => unknown,
  at = 0,
): unknown => {
  const middleware = all[at]
  if (middleware === undefined) return last(message.data)
  let called = false
  const result = middleware(message, () => {
    if (called) return Promise.reject(new Error('a middleware called next() twice'))
    called = true
    try {
      return later(runMiddleware(all, message, last, at + 1))
    } catch (error) {
      return Promise.reject(error)
    }
  })
  return result === DONE ? undefined : result
}
