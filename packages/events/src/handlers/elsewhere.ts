/** Elsewhere: what is handled in another place, where nobody here does. */
import type { Delivery, RequestContext } from './handler.ts'

/** Takes the requests and events of clients that this server has no handler, or listener, for. */
export interface Elsewhere {
  /** The handler of a request, or undefined: it is not handled elsewhere either. */
  handler(name: string): ((input: unknown, context: RequestContext) => unknown) | undefined
  /**
   * The listener of an event, or undefined. While what it returns for an `emit` is pending, nothing more of that connection
   * is read; a `send` is acknowledged when it is done.
   */
  listener(
    name: string,
    kind: 'emit' | 'send',
  ): ((data: unknown, peer: unknown, delivery: Delivery) => unknown) | undefined
}
