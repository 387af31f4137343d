/** `wasi:http/types` of 0.2: requests that the component is to answer, and its responses. */
import type { Exchange } from '../../http/http-calls.ts'
import { Failure } from '../../outcome/failure.ts'
import { borrow, own } from '../canonical/handle.ts'
import { option, result } from '../canonical/named.ts'
import { u16 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import { dropRow, type ComponentHost, type ComponentRows } from '../host.ts'
import { row } from '../row.ts'
import { IoError } from '../streams.ts'
import { httpOf, IncomingBody, OutgoingBody } from './bodies.ts'
import { Fields } from './fields.ts'
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

const request = borrow(IncomingRequest)
const response = borrow(OutgoingResponse)

/** The handles that `incoming-handler.handle` is called with. */
export const incomingHandles = (
  { handles }: ComponentHost,
  exchange: Exchange,
): [request: number, out: number] => [
  handles.add(new IncomingRequest(exchange)),
  handles.add(new ResponseOutparam(exchange.exchange)),
]

export const responseRows: ComponentRows = {
  '[method]incoming-request.method': row([request], method, (_host, { head }) => methodOf(head.method)),
  '[method]incoming-request.path-with-query': row([request], option(string), (_host, { head }) => head.path),
  '[method]incoming-request.scheme': row([request], option(scheme), (_host, { head }) =>
    schemeOf(head.scheme),
  ),
  '[method]incoming-request.authority': row([request], option(string), (_host, { head }) => head.authority),
  '[method]incoming-request.headers': row([request], own(Fields), (_host, { headers }) => headers.frozen()),
  '[method]incoming-request.consume': row([request], result(own(IncomingBody)), (_host, self) =>
    consume(self),
  ),
  '[resource-drop]incoming-request': row([own(IncomingRequest)], undefined, discard, { waits: true }),
  '[constructor]outgoing-response': row(
    [own(Fields)],
    own(OutgoingResponse),
    (_host, headers) => new OutgoingResponse(headers.frozen()),
  ),
  '[method]outgoing-response.status-code': row([response], u16, (_host, { status }) => status),
  '[method]outgoing-response.set-status-code': row([response, u16], result(), (_host, self, status) => {
    // 1xx is informational, and no response: RFC 9110, section 15.2.
    if (status < 200 || status > 999) return { error: undefined }
    self.status = status
    return { ok: undefined }
  }),
  '[method]outgoing-response.headers': row([response], own(Fields), (_host, { headers }) => headers.frozen()),
  '[method]outgoing-response.body': row(
    [response],
    result(own(OutgoingBody)),
    (host, self) => takeBody(host, self),
    { waits: true },
  ),
  '[resource-drop]outgoing-response': dropRow(OutgoingResponse),
  '[static]response-outparam.set': row(
    [own(ResponseOutparam), result(own(OutgoingResponse), errorCode)],
    undefined,
    (host, { exchange }, answer) => {
      const http = httpOf(host)
      if ('error' in answer) {
        const { tag: code, val } = answer.error
        const detail = typeof val === 'string' ? val : code
        return http.httpRespond(exchange, { error: { code, detail } }, undefined)
      }
      const { status, headers, body } = answer.ok
      return http.httpRespond(exchange, { value: { status, headers: headers.list() } }, body?.id)
    },
    { waits: true },
  ),
  '[resource-drop]response-outparam': dropRow(ResponseOutparam),
  // Of an error that a stream of a body had.
  'http-error-code': row([borrow(IoError)], option(errorCode), (_host, { failure }) =>
    failure instanceof Failure ? errorOf(failure) : undefined,
  ),
}
