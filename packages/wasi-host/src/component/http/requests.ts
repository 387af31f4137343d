/** `wasi:http/types` and `outgoing-handler` of 0.2: requests that the component makes, and their responses. */
import type { ResponseHead } from '../../http/http-calls.ts'
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import { borrow, own } from '../canonical/handle.ts'
import { option, result, type Result, type Tagged } from '../canonical/named.ts'
import { u16, u64 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import { dropRow, type ComponentHost, type ComponentRow, type ComponentRows } from '../host.ts'
import { Pollable } from '../pollable.ts'
import { row } from '../row.ts'
import { Awaited, close, fallible, httpOf, IncomingBody, OutgoingBody } from './bodies.ts'
import { Fields } from './fields.ts'
import { RequestOptions, timeoutsOf, type Timeouts } from './options.ts'
import { isAuthority, isMethod, isPath, isScheme } from './syntax.ts'
import { errorCode, errorOf, method, methodName, scheme, schemeName } from './types.ts'

export class OutgoingRequest {
  readonly headers: Fields
  method: Tagged = { tag: 'get' }
  scheme: Tagged | undefined
  authority: string | undefined
  path: string | undefined
  body: OutgoingBody | undefined

  constructor(headers: Fields) {
    this.headers = headers
  }
}

export class IncomingResponse {
  readonly status: number
  readonly headers: Fields
  readonly body: number
  readonly trailers: number
  consumed = false

  constructor({ status, headers }: ResponseHead, body: number, trailers: number) {
    this.status = status
    this.headers = Fields.of(headers)
    this.body = body
    this.trailers = trailers
  }
}

export class FutureIncomingResponse {
  readonly head: Awaited<ResponseHead>
  readonly body: number
  readonly trailers: number
  got = false
  /** The response has them. */
  consumed = false

  constructor({ head, body, trailers }: { head: number; body: number; trailers: number }) {
    this.head = new Awaited(head)
    this.body = body
    this.trailers = trailers
  }
}

type Kept = Result<undefined, undefined>
const kept: Kept = { ok: undefined }
const refused: Kept = { error: undefined }

const self = borrow(OutgoingRequest)

/** A function that keeps a value, unless it is none. */
const setter = <T>(
  type: ValueType<T>,
  accepts: (value: T) => boolean,
  keep: (request: OutgoingRequest, value: T) => void,
): ComponentRow =>
  row([self, type], result(), (_host, request, value) => {
    if (!accepts(value)) return refused
    keep(request, value)
    return kept
  })

/** A body that is written; each message has one. */
export const takeBody = (
  host: ComponentHost,
  message: { body: OutgoingBody | undefined },
): Outcome<Result<OutgoingBody, undefined>> => {
  if (message.body) return { error: undefined }
  return after(httpOf(host).httpBody(), (id) => {
    message.body = new OutgoingBody(id)
    return { ok: message.body }
  })
}

/** A body that is read; each message has one. */
export const consume = (message: {
  body: number
  trailers: number
  consumed: boolean
}): Result<IncomingBody, undefined> => {
  if (message.consumed) return { error: undefined }
  message.consumed = true
  return { ok: new IncomingBody(message.body, message.trailers) }
}

/** Closes what nobody has consumed. */
export const discard = (
  host: ComponentHost,
  { body, trailers, consumed }: { body: number; trailers: number; consumed: boolean },
): Outcome<void> => (consumed ? undefined : after(close(host, body), () => close(host, trailers)))

const timeouts = (name: keyof Timeouts, label: string): ComponentRows => ({
  [`[method]request-options.${label}`]: row(
    [borrow(RequestOptions)],
    option(u64),
    (_host, options) => options.timeouts[name],
  ),
  [`[method]request-options.set-${label}`]: row(
    [borrow(RequestOptions), option(u64)],
    result(),
    (_host, options, value) => {
      options.timeouts[name] = value
      return kept
    },
  ),
})

const response = borrow(IncomingResponse)

export const requestRows: ComponentRows = {
  '[constructor]outgoing-request': row(
    [own(Fields)],
    own(OutgoingRequest),
    (_host, headers) => new OutgoingRequest(headers.frozen()),
  ),
  '[method]outgoing-request.body': row(
    [self],
    result(own(OutgoingBody)),
    (host, request) => takeBody(host, request),
    { waits: true },
  ),
  '[method]outgoing-request.method': row([self], method, (_host, request) => request.method),
  '[method]outgoing-request.set-method': setter(method, isMethod, (request, value) => {
    request.method = value
  }),
  '[method]outgoing-request.path-with-query': row([self], option(string), (_host, { path }) => path),
  '[method]outgoing-request.set-path-with-query': setter(option(string), isPath, (request, value) => {
    request.path = value
  }),
  '[method]outgoing-request.scheme': row([self], option(scheme), (_host, request) => request.scheme),
  '[method]outgoing-request.set-scheme': setter(option(scheme), isScheme, (request, value) => {
    request.scheme = value
  }),
  '[method]outgoing-request.authority': row([self], option(string), (_host, { authority }) => authority),
  '[method]outgoing-request.set-authority': setter(option(string), isAuthority, (request, value) => {
    request.authority = value
  }),
  '[method]outgoing-request.headers': row([self], own(Fields), (_host, { headers }) => headers.frozen()),
  '[resource-drop]outgoing-request': dropRow(OutgoingRequest),
  '[constructor]request-options': row([], own(RequestOptions), () => new RequestOptions()),
  ...timeouts('connect', 'connect-timeout'),
  ...timeouts('firstByte', 'first-byte-timeout'),
  ...timeouts('betweenBytes', 'between-bytes-timeout'),
  '[resource-drop]request-options': dropRow(RequestOptions),
  '[method]incoming-response.status': row([response], u16, (_host, { status }) => status),
  '[method]incoming-response.headers': row([response], own(Fields), (_host, { headers }) => headers.frozen()),
  '[method]incoming-response.consume': row([response], result(own(IncomingBody)), (_host, each) =>
    consume(each),
  ),
  '[resource-drop]incoming-response': row([own(IncomingResponse)], undefined, discard, { waits: true }),
  '[method]future-incoming-response.subscribe': row(
    [borrow(FutureIncomingResponse)],
    own(Pollable),
    (_host, { head }) => head.pollable(),
  ),
  // The outer error says that it was got before.
  '[method]future-incoming-response.get': row(
    [borrow(FutureIncomingResponse)],
    option(result(result(own(IncomingResponse), errorCode))),
    (host, future) => {
      if (future.got) return { error: undefined }
      return after(future.head.get(host), (answer) => {
        if (!answer) return undefined
        future.got = true
        if ('error' in answer)
          return after(discard(host, future), () => ({ ok: { error: errorOf(answer.error) } }))
        future.consumed = true
        return { ok: { ok: new IncomingResponse(answer.value, future.body, future.trailers) } }
      })
    },
    { waits: true },
  ),
  '[resource-drop]future-incoming-response': row(
    [own(FutureIncomingResponse)],
    undefined,
    (host, future) => after(close(host, future.head.id), () => discard(host, future)),
    { waits: true },
  ),
}

export const outgoingHandlerRows: ComponentRows = {
  handle: fallible(
    [own(OutgoingRequest), option(own(RequestOptions))],
    own(FutureIncomingResponse),
    (host, request, options) => {
      const head = {
        method: methodName(request.method),
        scheme: request.scheme ? schemeName(request.scheme) : 'https',
        authority: request.authority ?? '',
        path: request.path ?? '/',
        headers: request.headers.list(),
      }
      const awaiting = httpOf(host).httpRequest(head, request.body?.id, timeoutsOf(options))
      return after(awaiting, (streams) => new FutureIncomingResponse(streams))
    },
    { waits: true },
  ),
}
