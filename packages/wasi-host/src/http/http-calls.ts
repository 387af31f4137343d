/**
 * HttpCalls: what the interfaces of `wasi:http` ask of the thread that has the sockets. Bodies, heads that are awaited and
 * trailers are streams with the numbers of sockets, so that they are read, written, polled and closed as any other.
 */
import type { Outcome } from '../outcome/sync-promise.ts'

/** Names and values; a value has a character for each byte. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/** Milliseconds; without one it is 600,000. */
export interface HttpTimeouts {
  readonly connectMs?: number | undefined
  readonly firstByteMs?: number | undefined
  readonly betweenBytesMs?: number | undefined
}

export interface RequestHead {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly headers: HeaderList
}

export interface ResponseHead {
  readonly status: number
  readonly headers: HeaderList
}

/** What a stream of a head or of trailers says, as JSON: what it is for, or what failed. */
export type HttpAnswer<T> = { readonly value: T } | { readonly error: HttpFailure }

export interface HttpFailure {
  readonly code: string
  readonly detail: string
}

/** The streams of a response that is awaited. */
export interface Awaiting {
  /** Says {@link ResponseHead}. */
  readonly head: number
  readonly body: number
  /** Says a {@link HeaderList}. */
  readonly trailers: number
}

/** A request that the guest is to answer. */
export interface Exchange extends RequestHead {
  /** Its number, for {@link HttpCalls.httpRespond}. */
  readonly exchange: number
  readonly body: number
  readonly trailers: number
}

export interface HttpCalls {
  /** A body that the guest writes. */
  httpBody(): Outcome<number>
  /**
   * Ends a body.
   *
   * @throws Failure `ERR_HTTP_BODY_NOT_ALLOWED` when it is not as long as its head says.
   */
  httpFinish(body: number, trailers: HeaderList | undefined): Outcome<void>
  /** Ends a body that is not whole: so its reader sees that it is not. */
  httpAbort(body: number): Outcome<void>
  /** Makes a request. */
  httpRequest(head: RequestHead, body: number | undefined, timeouts: HttpTimeouts): Outcome<Awaiting>
  /** Answers a request of {@link Exchange}: with a response, or with what kept the guest from one. */
  httpRespond(exchange: number, answer: HttpAnswer<ResponseHead>, body: number | undefined): Outcome<void>
}
