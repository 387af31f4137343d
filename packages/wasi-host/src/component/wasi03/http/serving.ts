/** A request that the component answers: `wasi:http/handler` of 0.3. */
import type { Exchange } from '../../../http/http-calls.ts'
import { after, SyncPromise, type Outcome } from '../../../outcome/sync-promise.ts'
import type { AsyncHost } from '../../async/host.ts'
import { own } from '../../canonical/handle.ts'
import { result, type Result, type Tagged } from '../../canonical/named.ts'
import { FlatValues, type FlatValue } from '../../canonical/type.ts'
import { httpOf } from '../../http/bodies.ts'
import { Fields } from '../../http/fields.ts'
import { errorCode, methodOf, schemeOf } from '../../http/types.ts'
import { incomingBody, Request, Response } from './message.ts'
import { transfer } from './transfer.ts'

/** The request of an exchange, as the handle that the handler is called with. */
export const incomingRequest = (host: AsyncHost, exchange: Exchange): number => {
  const { contents, trailers } = incomingBody(host, exchange.body, exchange.trailers)
  const request = new Request(Fields.of(exchange.headers), contents, trailers, undefined)
  request.method = methodOf(exchange.method)
  request.scheme = schemeOf(exchange.scheme)
  request.authority = exchange.authority
  request.path = exchange.path
  return host.handles.add(request)
}

const answerType = result(own(Response), errorCode)

const wordsOf = ({ tag, val }: Tagged): string => (typeof val === 'string' ? val : tag)

/** 1xx is informational, and no response: RFC 9110, section 15.2. */
const FIRST_FINAL = 200

/** Responds; what is returned ends when the body has gone out. */
const respond = (host: AsyncHost, exchange: number, answer: Result<Response, Tagged>): Outcome<void> => {
  const http = httpOf(host)
  const failed = (error: Tagged): Outcome<void> =>
    http.httpRespond(exchange, { error: { code: error.tag, detail: wordsOf(error) } }, undefined)
  if ('error' in answer) return failed(answer.error)
  const response = answer.ok
  const { status, headers, passed } = response
  if (status < FIRST_FINAL) {
    response.drop()
    return failed({ tag: 'internal-error', val: `the guest answered with the status ${status}` })
  }
  return after(transfer(host, response), ({ id, failure, passed: moved }) => {
    if (failure) return failed(failure)
    const over = moved.follow((outcome) => passed.resolve(outcome))
    return after(http.httpRespond(exchange, { value: { status, headers: headers.list() } }, id), () => over)
  })
}

/**
 * Answers with what the handler has returned.
 *
 * @returns What still goes on when the component has ended: a body that comes from the host itself.
 */
export const answered = (
  host: AsyncHost,
  exchange: number,
  returned: readonly FlatValue[],
): SyncPromise<void> | undefined => {
  const answer = answerType.lift(new FlatValues(host, returned, answerType.flat))
  const outcome = respond(host, exchange, answer)
  if (!(outcome instanceof SyncPromise)) return undefined
  const later = new SyncPromise<void>()
  outcome.settle(
    () => later.resolve(),
    (error) => {
      host.tasks.fail(error)
      later.reject(error)
    },
  )
  return 'ok' in answer && answer.ok.contents?.source ? later : undefined
}
