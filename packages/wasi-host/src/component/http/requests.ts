/** `wasi:http/types` and `outgoing-handler` of 0.2: requests that the component makes, and their responses. */
import type { ResponseHead } from '../../http/http-calls.ts'
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import { borrow, option, own, result, string, u16, u64, type Tagged } from '../canonical/types.ts'
import { dropRow, type ComponentHost, type ComponentRows } from '../host.ts'
import { hostResource, typedRows, type TypedFunction } from '../typed-row.ts'
import {
  attempted,
  Awaited,
  close,
  error,
  httpOf,
  IncomingBody,
  incomingBody,
  ok,
  OutgoingBody,
  outgoingBody,
  pollable,
} from './bodies.ts'
import { Fields, fields } from './fields.ts'
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

export class RequestOptions {
  connect: bigint | undefined
  firstByte: bigint | undefined
  betweenBytes: bigint | undefined
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

const outgoingRequest = hostResource(OutgoingRequest)
const requestOptions = hostResource(RequestOptions)
const incomingResponse = hostResource(IncomingResponse)
const futureResponse = hostResource(FutureIncomingResponse)

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const isMethod = ({ tag, val }: Tagged): boolean => tag !== 'other' || TOKEN.test(val as string)
const isScheme = (value: Tagged | undefined): boolean =>
  value?.tag !== 'other' || /^[A-Za-z][A-Za-z0-9+.-]*$/.test(value.val as string)
const isPath = (value: string | undefined): boolean => value === undefined || /^[!-~]*$/.test(value)
const isAuthority = (value: string | undefined): boolean =>
  value === undefined || /^[A-Za-z0-9._~%!$&'()*+,;=:[\]-]+$/.test(value)

/** A function that keeps a value, unless it is none. */
const setter = (
  type: TypedFunction['result'],
  accepts: (value: never) => boolean,
  keep: (self: OutgoingRequest, value: never) => void,
): TypedFunction => ({
  parameters: [borrow(outgoingRequest), type!],
  result: result(),
  call: (_host, self: OutgoingRequest, value: never) => {
    if (!accepts(value)) return error()
    keep(self, value)
    return ok()
  },
})

/** A body that is written; each message has one. */
export const takeBody = (
  host: ComponentHost,
  message: { body: OutgoingBody | undefined },
): Outcome<Tagged> => {
  if (message.body) return error()
  return after(httpOf(host).httpBody(), (id) => {
    message.body = new OutgoingBody(id)
    return ok(message.body)
  })
}

/** A body that is read; each message has one. */
export const consume = (message: { body: number; trailers: number; consumed: boolean }): Tagged => {
  if (message.consumed) return error()
  message.consumed = true
  return ok(new IncomingBody(message.body, message.trailers))
}

/** Closes what nobody has consumed. */
export const discard = (
  host: ComponentHost,
  { body, trailers, consumed }: { body: number; trailers: number; consumed: boolean },
): Outcome<void> => (consumed ? undefined : after(close(host, body), () => close(host, trailers)))

const timeouts = (name: keyof RequestOptions, label: string): Record<string, TypedFunction> => ({
  [`[method]request-options.${label}`]: {
    parameters: [borrow(requestOptions)],
    result: option(u64),
    call: (_host, self: RequestOptions) => self[name],
  },
  [`[method]request-options.set-${label}`]: {
    parameters: [borrow(requestOptions), option(u64)],
    result: result(),
    call: (_host, self: RequestOptions, value: bigint | undefined) => {
      self[name] = value
      return ok()
    },
  },
})

/** The most that a timer of Node waits for. */
const MOST_MS = 2 ** 31 - 1

const ms = (ns: bigint | undefined): number | undefined =>
  ns === undefined ? undefined : Math.min(Math.ceil(Number(ns) / 1e6), MOST_MS)

const self = borrow(outgoingRequest)

export const requestRows: ComponentRows = {
  ...typedRows({
    '[constructor]outgoing-request': {
      parameters: [own(fields)],
      result: own(outgoingRequest),
      call: (_host, headers: Fields) => new OutgoingRequest(headers.frozen()),
    },
    '[method]outgoing-request.body': {
      parameters: [self],
      result: result(own(outgoingBody)),
      waits: true,
      call: (host, request: OutgoingRequest) => takeBody(host, request),
    },
    '[method]outgoing-request.method': {
      parameters: [self],
      result: method,
      call: (_host, request: OutgoingRequest) => request.method,
    },
    '[method]outgoing-request.set-method': setter(method, isMethod, (request, value: Tagged) => {
      request.method = value
    }),
    '[method]outgoing-request.path-with-query': {
      parameters: [self],
      result: option(string),
      call: (_host, request: OutgoingRequest) => request.path,
    },
    '[method]outgoing-request.set-path-with-query': setter(
      option(string),
      isPath,
      (request, value: string | undefined) => {
        request.path = value
      },
    ),
    '[method]outgoing-request.scheme': {
      parameters: [self],
      result: option(scheme),
      call: (_host, request: OutgoingRequest) => request.scheme,
    },
    '[method]outgoing-request.set-scheme': setter(
      option(scheme),
      isScheme,
      (request, value: Tagged | undefined) => {
        request.scheme = value
      },
    ),
    '[method]outgoing-request.authority': {
      parameters: [self],
      result: option(string),
      call: (_host, request: OutgoingRequest) => request.authority,
    },
    '[method]outgoing-request.set-authority': setter(
      option(string),
      isAuthority,
      (request, value: string | undefined) => {
        request.authority = value
      },
    ),
    '[method]outgoing-request.headers': {
      parameters: [self],
      result: own(fields),
      call: (_host, request: OutgoingRequest) => request.headers.frozen(),
    },
    '[constructor]request-options': { result: own(requestOptions), call: () => new RequestOptions() },
    ...timeouts('connect', 'connect-timeout'),
    ...timeouts('firstByte', 'first-byte-timeout'),
    ...timeouts('betweenBytes', 'between-bytes-timeout'),
    '[method]incoming-response.status': {
      parameters: [borrow(incomingResponse)],
      result: u16,
      call: (_host, response: IncomingResponse) => response.status,
    },
    '[method]incoming-response.headers': {
      parameters: [borrow(incomingResponse)],
      result: own(fields),
      call: (_host, response: IncomingResponse) => response.headers.frozen(),
    },
    '[method]incoming-response.consume': {
      parameters: [borrow(incomingResponse)],
      result: result(own(incomingBody)),
      call: (_host, response: IncomingResponse) => consume(response),
    },
    '[resource-drop]incoming-response': {
      parameters: [own(incomingResponse)],
      waits: true,
      call: (host, response: IncomingResponse) => discard(host, response),
    },
    '[method]future-incoming-response.subscribe': {
      parameters: [borrow(futureResponse)],
      result: own(pollable),
      call: (_host, future: FutureIncomingResponse) => future.head.pollable(),
    },
    // option<result<result<incoming-response, error-code>>>: the outer error says that it was got before.
    '[method]future-incoming-response.get': {
      parameters: [borrow(futureResponse)],
      result: option(result(result(own(incomingResponse), errorCode))),
      waits: true,
      call: (host, future: FutureIncomingResponse) => {
        if (future.got) return error()
        return after(future.head.get(host), (answer) => {
          if (!answer) return undefined
          future.got = true
          if (!('error' in answer)) {
            future.consumed = true
            return ok(ok(new IncomingResponse(answer.value, future.body, future.trailers)))
          }
          return after(discard(host, future), () => ok(error(errorOf(answer.error))))
        })
      },
    },
    '[resource-drop]future-incoming-response': {
      parameters: [own(futureResponse)],
      waits: true,
      call: (host, future: FutureIncomingResponse) =>
        after(close(host, future.head.id), () => discard(host, future)),
    },
  }),
  '[resource-drop]outgoing-request': dropRow(OutgoingRequest),
  '[resource-drop]request-options': dropRow(RequestOptions),
}

export const outgoingHandlerRows: ComponentRows = typedRows({
  handle: {
    parameters: [own(outgoingRequest), option(own(requestOptions))],
    result: result(own(futureResponse), errorCode),
    waits: true,
    call: (host, request: OutgoingRequest, options: RequestOptions | undefined) =>
      attempted(() => {
        const head = {
          method: methodName(request.method),
          scheme: request.scheme ? schemeName(request.scheme) : 'https',
          authority: request.authority ?? '',
          path: request.path ?? '/',
          headers: request.headers.list(),
        }
        const awaiting = httpOf(host).httpRequest(head, request.body?.id, {
          connectMs: ms(options?.connect),
          firstByteMs: ms(options?.firstByte),
          betweenBytesMs: ms(options?.betweenBytes),
        })
        return after(awaiting, (streams) => new FutureIncomingResponse(streams))
      }),
  },
})
