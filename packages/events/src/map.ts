/** The types of a map: events and requests in each direction, their data and options. */
import type { ReservedName } from './names.ts'

/**
 * What an untyped server or client can say: any event and any request, with data of type `unknown`.
 */
export interface AnyMap {
  events: Record<string, unknown>
  requests: Record<string, (input?: unknown) => unknown>
  clientRequests: Record<string, (input?: unknown) => unknown>
  work: Record<string, unknown>
}

/**
 * The sections that a map may have; all are optional. A map is a plain interface, and is constrained by `object` only.
 *
 * - `events`: name to data, both directions
 * - `toServer`, `toClient`: events of one direction
 * - `requests`: what the server handles; a function type with at most one input. A function that returns an
 *   `AsyncIterable` is a stream of replies; an input that is an `AsyncIterable` is sent as a stream.
 * - `clientRequests`: the same, handled by a client
 * - `work`: name of a work queue to the data of its messages
 */
export type MapSection = 'events' | 'toServer' | 'toClient' | 'requests' | 'clientRequests' | 'work'

type CheckedEvents<E> = {
  [N in keyof E]: N extends ReservedName
    ? `'${N}' is what on() says of the connection: choose another name for the event`
    : E[N]
}

type CheckedRequests<R> = {
  [N in keyof R]: R[N] extends (...args: infer A) => unknown
    ? A['length'] extends 0 | 1
      ? R[N]
      : 'a request has one input at most: put several into one object'
    : 'a request is a function type: (input) => reply'
}

/**
 * A map as it must be, for `M extends CheckedMap<M>`: in place of what is wrong stands what is wrong with it, which the
 * compiler then prints. A function of one's own that passes its map on has the same constraint.
 */
export type CheckedMap<M> = {
  [K in keyof M]: K extends 'events' | 'toServer' | 'toClient'
    ? CheckedEvents<M[K]>
    : K extends 'requests' | 'clientRequests'
      ? CheckedRequests<M[K]>
      : K extends 'work'
        ? M[K]
        : 'no section of a map: there are events, toServer, toClient, requests, clientRequests and work'
}

// `{}` as "no names at all" is right here: keyof of it is never.
type Section<M, K extends MapSection> = K extends keyof M ? NonNullable<M[K]> : unknown

/** The events that a client sends and a server gets. */
export type ToServer<M> = Section<M, 'events'> & Section<M, 'toServer'>
/** The events that a server sends and a client gets. */
export type ToClient<M> = Section<M, 'events'> & Section<M, 'toClient'>
/** The requests that a server handles. */
export type ServerRequests<M> = Section<M, 'requests'>
/** The requests that a client handles. */
export type ClientRequests<M> = Section<M, 'clientRequests'>

/** The work queues of a map: the data of their messages. */
export type Work<M> = Section<M, 'work'>

/** The names of a set of events. */
export type EventName<E> = Exclude<keyof E & string, ReservedName>

type SegmentsMatch<N extends string, P extends string> = P extends '**'
  ? true
  : P extends `${infer PatternHead}.${infer PatternTail}`
    ? N extends `${infer Head}.${infer Tail}`
      ? PatternHead extends '*' | Head
        ? SegmentsMatch<Tail, PatternTail>
        : false
      : false
    : N extends `${string}.${string}`
      ? false
      : P extends '*' | N
        ? true
        : false

/** The names of a set of events that a pattern matches: `sensor.*`, `sensor.**`, `*`. */
export type MatchingName<E, P extends string> =
  EventName<E> extends infer N extends string
    ? string extends N
      ? string
      : P extends '*'
        ? N
        : N extends string
          ? SegmentsMatch<N, P> extends true
            ? N
            : never
          : never
    : never

/** A pattern that matches some event. */
export type EventPattern<E, P extends string> = [MatchingName<E, P>] extends [never]
  ? 'no event of the map matches this pattern'
  : P

/** The data argument of `emit` and `send`: left out where it may be undefined. */
export type DataArgument<T> = undefined extends T ? [data?: T] : [data: T]

/** How long a request may take, and how to cancel it. */
export interface RequestOptions {
  /** Milliseconds until the request fails with `ETIMEDOUT`; `null`: no limit. @default the client's `requestTimeoutMs` */
  readonly timeoutMs?: number | null | undefined
  /** Cancels the request, here and at the other end, whose handler sees its own signal abort. */
  readonly signal?: AbortSignal | undefined
}

/** {@link RequestOptions} of a stream; the timeout counts until the first item. */
export interface StreamOptions extends RequestOptions {
  /** How many items the other end may send ahead of the reader. @default 64 */
  readonly window?: number | undefined
}

type Fn = (input: never) => unknown

/** The reply of a request. */
export type Reply<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never

/** What one item of a stream is. */
export type Item<F> = Reply<F> extends AsyncIterable<infer T> ? T : unknown extends Reply<F> ? unknown : never

type IsStream<F> = [Reply<F>] extends [never]
  ? 'no'
  : unknown extends Reply<F>
    ? 'either'
    : Reply<F> extends AsyncIterable<unknown>
      ? 'yes'
      : 'no'

type NamesOf<R, Not extends 'yes' | 'no'> = {
  [K in keyof R & string]: R[K] extends Fn ? (IsStream<R[K]> extends Not ? K : never) : K
}[keyof R & string]

/** The names of the requests with one reply. A misspelt one is refused with the list of them: `Exclude` is written out. */
export type RequestName<R> = Exclude<keyof R & string, NamesOf<R, 'yes'>>

/** The names of the requests with a stream of replies. */
export type StreamName<R> = Exclude<keyof R & string, NamesOf<R, 'no'>>

// An input that could be mistaken for the options needs the options argument behind it.
type LooksLikeOptions<I> = I extends readonly unknown[]
  ? false
  : I extends object
    ? [keyof I] extends [never]
      ? false
      : [keyof I] extends ['timeoutMs' | 'signal' | 'window']
        ? true
        : false
    : false

/** A `ReadableStream`, of Node.js or of a browser's types. */
export interface ReadableStreamOf<T> {
  getReader(): {
    read(): Promise<{ done: boolean; value?: T | undefined }>
    cancel(reason?: unknown): Promise<void>
  }
}

/** What a caller passes for an input: for a stream of items a `Readable`, a `ReadableStream` or an async iterable. */
export type Passed<I> = unknown extends I
  ? I
  : I extends AsyncIterable<infer T>
    ? AsyncIterable<T> | ReadableStreamOf<T>
    : I

/** The arguments of `request` and `stream` behind the name. */
export type CallArguments<F, Options> = F extends (...args: infer A) => unknown
  ? A extends []
    ? [options?: Options]
    : unknown extends A[0]
      ? [input?: unknown, options?: Options]
      : true extends LooksLikeOptions<A[0]>
        ? [input: A[0], options: Options | undefined]
        : undefined extends A[0]
          ? [input?: Passed<A[0]>, options?: Options]
          : [input: Passed<A[0]>, options?: Options]
  : never

/** The input of a request. */
export type Input<F> = F extends (...args: infer A) => unknown ? (A extends [] ? undefined : A[0]) : never
