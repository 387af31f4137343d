/** EventEnd: on, handle, use, events, of client and server. */
import type { EventName, EventPattern, Input, MatchingName, Reply } from '../map.ts'
import type { StreamedEvent } from '../handlers/event-stream.ts'
import type { OthersListener, RequestContext } from '../handlers/handler.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import type { Listener } from '../handlers/listeners.ts'
import type { Middleware } from '../handlers/middleware.ts'

/** What a handler may return for a request of this type. */
export type HandlerResult<F> =
  Reply<F> extends AsyncIterable<infer T>
    ? AsyncIterable<T> | Iterable<T> | Promise<AsyncIterable<T> | Iterable<T>>
    : Reply<F> | Promise<Reply<F>>

/** The types of what one kind of end hears. */
export interface EndTypes {
  /** The events that come from the other end. */
  events: unknown
  /** What happens to the connection: the arguments of its listeners. */
  local: unknown
  /** The requests that this end handles. */
  requests: unknown
  /** What a listener gets behind the data. */
  extra: unknown[]
  /** The `peer` of an event of `events()`. */
  from: unknown
  /** The `peer` that handlers and middleware receive. */
  peer: unknown
}

type Local<T extends EndTypes, N extends keyof T['local']> = T['local'][N] extends infer A extends unknown[]
  ? A
  : never

type EventIterator<Name extends string, Data, From> = AsyncIterableIterator<
  StreamedEvent<Name, Data, From>,
  undefined,
  undefined
> &
  AsyncDisposable

type AnyPattern = `${string}*${string}`

/** The data of the events that a pattern matches. */
type Matched<T extends EndTypes, P extends string> = [MatchingName<T['events'], P>] extends [never]
  ? unknown
  : T['events'][MatchingName<T['events'], P> & keyof T['events']]

type MatchedName<T extends EndTypes, P extends string> = [MatchingName<T['events'], P>] extends [never]
  ? string
  : MatchingName<T['events'], P>

/** The half of a client, or of a server, that hears: listeners, handlers, middleware. */
export abstract class EventEnd<T extends EndTypes> {
  /** @internal */
  protected abstract readonly handlers: HandlerRegistry

  /**
   * Listens to an event of the other end, or to what happens to the connection. A pattern hears every event that it matches,
   * by segments between dots: `*` is one of them (`sensor.*.state`), `**` at the end one or more (`sensor.**`), and `*`
   * alone is every event. `delivery.name` is the name that came.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a pattern with a `*` inside of a segment (`sensor*`)
   */
  on<N extends keyof T['local'] & string>(name: N, listener: (...args: Local<T, N>) => unknown): this
  on<P extends AnyPattern>(
    pattern: P & EventPattern<T['events'], P>,
    listener: (data: Matched<T, P>, ...rest: T['extra']) => unknown,
  ): this
  on<N extends EventName<T['events']>>(
    name: N,
    listener: (data: T['events'][N], ...rest: T['extra']) => unknown,
  ): this
  on(name: string, listener: Listener): this {
    this.handlers.on(name, listener)
    return this
  }

  /** Like {@link on}, for the next one only; without a listener, a promise of what it would be called with. */
  once<N extends keyof T['local'] & string>(name: N, listener: (...args: Local<T, N>) => unknown): this
  once<P extends AnyPattern>(
    pattern: P & EventPattern<T['events'], P>,
    listener: (data: Matched<T, P>, ...rest: T['extra']) => unknown,
  ): this
  once<N extends EventName<T['events']>>(
    name: N,
    listener: (data: T['events'][N], ...rest: T['extra']) => unknown,
  ): this
  once<N extends keyof T['local'] & string>(name: N): Promise<Local<T, N>>
  once<N extends EventName<T['events']>>(name: N): Promise<[data: T['events'][N], ...rest: T['extra']]>
  once(name: string, listener?: Listener): this | Promise<unknown> {
    return this.handlers.once(name, listener) ?? this
  }

  /** Stops listening. */
  off(name: (keyof T['local'] & string) | EventName<T['events']> | AnyPattern, listener: Listener): this {
    this.handlers.off(name, listener)
    return this
  }

  /** The same as {@link off}: `events.once` of Node.js asks for it. */
  removeListener(
    name: (keyof T['local'] & string) | EventName<T['events']> | AnyPattern,
    listener: Listener,
  ): this {
    return this.off(name, listener)
  }

  /**
   * Answers a request: with a value, a promise, or, for a stream, an (async) iterable. What it throws is the answer too:
   * its `message` and `code`.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when the name has a handler already: see {@link removeHandler}
   */
  handle<N extends keyof T['requests'] & string>(
    name: N,
    handler: (
      input: Input<T['requests'][N]>,
      context: RequestContext<T['peer']>,
    ) => HandlerResult<T['requests'][N]>,
  ): this {
    this.handlers.handle(name, handler)
    return this
  }

  /** Takes the handler of a request out: from then on it is answered with `ERR_NO_HANDLER`. */
  removeHandler(name: keyof T['requests'] & string): this {
    this.handlers.removeHandler(name)
    return this
  }

  /**
   * Answers every request that has no handler of its own, as a handler would. There is one at most; `undefined` takes it
   * out. With a contract, names that are not in it are refused before.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when there is one already, `ERR_INVALID_ARG_TYPE`
   */
  handleOthers(
    handler: ((name: string, input: unknown, context: RequestContext<T['peer']>) => unknown) | undefined,
  ): this {
    this.handlers.handleOthers(handler)
    return this
  }

  /**
   * Listens to every event that has no listener of its own, and that no `events()` of all names reads. A `send` is
   * acknowledged when the listener is done. There is one at most; `undefined` takes it out.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when there is one already, `ERR_INVALID_ARG_TYPE`
   */
  onOthers(listener: ((name: string, data: unknown, ...rest: T['extra']) => unknown) | undefined): this {
    this.handlers.onOthers(listener as OthersListener | undefined)
    return this
  }

  /** Puts something before every listener and handler. */
  use(middleware: Middleware<T['peer']>): this {
    this.handlers.use(middleware)
    return this
  }

  /**
   * The events of one name, those that a pattern matches, or all of them, as an async iterator. When `limit` (default 64) wait, the connection that
   * brought the last is not read until the reader has caught up.
   */
  events<P extends AnyPattern>(
    pattern: P & EventPattern<T['events'], P>,
    options?: { readonly limit?: number | undefined },
  ): EventIterator<MatchedName<T, P>, Matched<T, P>, T['from']>
  events<N extends EventName<T['events']>>(
    name?: N,
    options?: { readonly limit?: number | undefined },
  ): EventIterator<N, T['events'][N], T['from']>
  events(name?: string, options: { readonly limit?: number | undefined } = {}): unknown {
    return this.handlers.events(name, options)
  }
}
