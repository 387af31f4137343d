/** Requests and responses of 0.3: made by the component, or come to it. Both are headers, a stream, and what follows it. */
import type { HeaderList } from '../../../http/http-calls.ts'
import { failureOf } from '../../../outcome/failure.ts'
import { after, SyncPromise } from '../../../outcome/sync-promise.ts'
import { Future } from '../../async/future.ts'
import type { AsyncHost } from '../../async/host.ts'
import { Stream } from '../../async/stream.ts'
import { option, result, type Result, type Tagged } from '../../canonical/named.ts'
import { own } from '../../canonical/handle.ts'
import { u8 } from '../../canonical/scalars.ts'
import type { ValueType } from '../../canonical/type.ts'
import { isEnd } from '../../error-code.ts'
import { Awaited, close } from '../../http/bodies.ts'
import { Fields } from '../../http/fields.ts'
import type { RequestOptions } from '../../http/options.ts'
import { errorCode, errorOf } from '../../http/types.ts'
import { EndpointSource } from '../byte-streams.ts'
import { SocketEndpoint } from '../endpoint.ts'

/** What follows a body: trailers or none, or why the body is not whole. */
export type Trailers = Result<Fields | undefined, Tagged>
export const trailersType: ValueType<Trailers> = result(option(own(Fields)), errorCode)

/** How a message was passed on. */
export type Passed = Result<undefined, Tagged>
export const passedType: ValueType<Passed> = result<undefined, Tagged>(undefined, errorCode)

export abstract class Message {
  readonly headers: Fields
  /** The body; undefined for none. */
  readonly contents: Stream<number> | undefined
  readonly trailers: Future<Trailers>
  /** Whether it was sent; of one that came, nobody asks. */
  readonly passed: Future<Passed> = new Future(passedType)
  #taken = false

  constructor(headers: Fields, contents: Stream<number> | undefined, trailers: Future<Trailers>) {
    this.headers = headers
    this.contents = contents
    this.trailers = trailers
  }

  /** The body has a reader from now on. */
  take(): void {
    this.#taken = true
  }

  /** The component has dropped it: a body that nobody reads is left. */
  drop(): void {
    if (this.#taken) return
    this.contents?.readerDropped()
    this.trailers.readerDropped()
  }
}

export class Request extends Message {
  method: Tagged = { tag: 'get' }
  scheme: Tagged | undefined
  authority: string | undefined
  path: string | undefined
  readonly options: RequestOptions | undefined

  constructor(
    headers: Fields,
    contents: Stream<number> | undefined,
    trailers: Future<Trailers>,
    options: RequestOptions | undefined,
  ) {
    super(headers, contents, trailers)
    this.options = options
  }
}

export class Response extends Message {
  status = 200
}

/** Bytes of trailers, or of the head of a response, that are read at once. */
const PART = 16 * 1024

/** Reads what is said once, by a stream of the host. */
export const said = <T>(host: AsyncHost, id: number): ReturnType<Awaited<T>['whole']> =>
  new Awaited<T>(id).whole(host, new Uint8Array(PART))

/** The body of a message that has come, as two streams of the host: bytes, and trailers. */
export const incomingBody = (
  host: AsyncHost,
  body: number,
  trailers: number,
): { readonly contents: Stream<number>; readonly trailers: Future<Trailers> } => {
  const future = new Future(trailersType)
  const over = (outcome: Trailers): void => {
    void close(host, body)
    void close(host, trailers)
    future.resolve(outcome)
  }
  const ended = (): void => {
    const later = after(said<HeaderList>(host, trailers), (answer): Trailers => {
      if ('error' in answer) return { error: errorOf(answer.error) }
      return { ok: answer.value.length === 0 ? undefined : Fields.of(answer.value) }
    })
    if (!(later instanceof SyncPromise)) return over(later)
    later.settle(over, (error) => {
      if (isEnd(error)) host.tasks.fail(error)
      else over({ error: errorOf(failureOf(error)) })
    })
  }
  let left = false
  const source = new EndpointSource(
    new SocketEndpoint(host, body, 'read'),
    (failure) => {
      if (failure) over({ error: errorOf(failure) })
      else if (left) over({ ok: undefined })
      else ended()
    },
    () => {
      left = true
    },
  )
  return { contents: new Stream(u8, source), trailers: future }
}
