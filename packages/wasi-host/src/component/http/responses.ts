/** `wasi:http/types` of 0.2: requests that the component is to answer, and its responses. */
import type { Exchange } from '../../http/http-calls.ts'
import { Failure } from '../../outcome/failure.ts'

import { borrow, option, own, result, string, u16, type Tagged } from '../canonical/types.ts'
import { dropRow, type ComponentHost, type ComponentRows } from '../host.ts'
import { IoError } from '../streams.ts'
import { hostResource, typedRows } from '../typed-row.ts'
import { error, httpOf, incomingBody, ok, type OutgoingBody, outgoingBody } from './bodies.ts'
import { Fields, fields } from './fields.ts'
import { consume, discard, takeBody } from './requests.ts'
import { errorCode, errorOf, method, methodOf, scheme, schemeOf } from './types.ts'

export class IncomingRequest {
  readonly head: Exchange
  readonly headers: Fields
  readonly body: number
  readonly trailers: number
  consumed = false

  constructor(head: Exchange) {
    this.head = head
    this.headers = Fields.of(head.headers)
    this.body = head.body
    this.trailers = head.trailers
  }
}

export class OutgoingResponse {
  readonly headers: Fields
  status = 200
  body: OutgoingBody | undefined

  constructor(headers: Fields) {
    this.headers = headers
  }
}

/** Where the response of one request goes. */
export class ResponseOutparam {
  readonly exchange: number

  constructor(exchange: number) {
    this.exchange = exchange
  }
}

const incomingRequest = hostResource(IncomingRequest)
const outgoingResponse = hostResource(OutgoingResponse)
const responseOutparam = hostResource(ResponseOutparam)
const ioError = hostResource(IoError)

const request = borrow(incomingRequest)
const response = borrow(outgoingResponse)

/** The handles that `incoming-handler.handle` is called with. */
export const incomingHandles = (
  { handles }: ComponentHost,
  exchange: Exchange,
): [request: number, out: number] => [
  handles.add(new IncomingRequest(exchange)),
  handles.add(new ResponseOutparam(exchange.exchange)),
]

export const responseRows: ComponentRows = {
  ...typedRows({
    '[method]incoming-request.method': {
      parameters: [request],
      result: method,
      call: (_host, { head }: IncomingRequest) => methodOf(head.method),
    },
    '[method]incoming-request.path-with-query': {
      parameters: [request],
      result: option(string),
      call: (_host, { head }: IncomingRequest) => head.path,
    },
    '[method]incoming-request.scheme': {
      parameters: [request],
      result: option(scheme),
      call: (_host, { head }: IncomingRequest) => schemeOf(head.scheme),
    },
    '[method]incoming-request.authority': {
      parameters: [request],
      result: option(string),
      call: (_host, { head }: IncomingRequest) => head.authority,
    },
    '[method]incoming-request.headers': {
      parameters: [request],
      result: own(fields),
      call: (_host, { headers }: IncomingRequest) => headers.frozen(),
    },
    '[method]incoming-request.consume': {
      parameters: [request],
      result: result(own(incomingBody)),
      call: (_host, self: IncomingRequest) => consume(self),
    },
    '[resource-drop]incoming-request': {
      parameters: [own(incomingRequest)],
      waits: true,
      call: (host, self: IncomingRequest) => discard(host, self),
    },
    '[constructor]outgoing-response': {
      parameters: [own(fields)],
      result: own(outgoingResponse),
      call: (_host, headers: Fields) => new OutgoingResponse(headers.frozen()),
    },
    '[method]outgoing-response.status-code': {
      parameters: [response],
      result: u16,
      call: (_host, { status }: OutgoingResponse) => status,
    },
    '[method]outgoing-response.set-status-code': {
      parameters: [response, u16],
      result: result(),
      call: (_host, self: OutgoingResponse, status: number) => {
        // 1xx is informational, and no response: RFC 9110, section 15.2.
        if (status < 200 || status > 999) return error()
        self.status = status
        return ok()
      },
    },
    '[method]outgoing-response.headers': {
      parameters: [response],
      result: own(fields),
      call: (_host, { headers }: OutgoingResponse) => headers.frozen(),
    },
    '[method]outgoing-response.body': {
      parameters: [response],
      result: result(own(outgoingBody)),
      waits: true,
      call: (host, self: OutgoingResponse) => takeBody(host, self),
    },
    '[static]response-outparam.set': {
      parameters: [own(responseOutparam), result(own(outgoingResponse), errorCode)],
      waits: true,
      call: (host, { exchange }: ResponseOutparam, { tag, val }: Tagged) => {
        const http = httpOf(host)
        if (tag === 'error') {
          const { tag: code, val: detail } = val as Tagged
          const words = typeof detail === 'string' ? detail : code
          return http.httpRespond(exchange, { error: { code, detail: words } }, undefined)
        }
        const { status, headers, body } = val as OutgoingResponse
        return http.httpRespond(exchange, { value: { status, headers: headers.list() } }, body?.id)
      },
    },
    // option<error-code>: of an error that a stream of a body had.
    'http-error-code': {
      parameters: [borrow(ioError)],
      result: option(errorCode),
      call: (_host, { failure }: IoError) => (failure instanceof Failure ? errorOf(failure) : undefined),
    },
  }),
  '[resource-drop]outgoing-response': {
    parameters: 'i',
    waits: true,
    call: (host, self) => void host.handles.remove(OutgoingResponse, self),
  },
  '[resource-drop]response-outparam': dropRow(ResponseOutparam),
}
