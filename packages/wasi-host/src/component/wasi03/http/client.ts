/** `wasi:http/client` of 0.3: a request that is sent, and the response that comes. */
import type { HttpAnswer, ResponseHead } from '../../../http/http-calls.ts'
import { after, type Outcome } from '../../../outcome/sync-promise.ts'
import type { AsyncHost } from '../../async/host.ts'
import type { AsyncCall } from '../../async/subtask.ts'
import { asyncFunc, type WitFunctions } from '../../async/wit-function.ts'
import { own } from '../../canonical/handle.ts'
import { result, type Result, type Tagged } from '../../canonical/named.ts'
import { close, httpOf } from '../../http/bodies.ts'
import { Fields } from '../../http/fields.ts'
import { timeoutsOf } from '../../http/options.ts'
import { errorCode, errorOf, methodName, schemeName } from '../../http/types.ts'
import { incomingBody, Request, Response, said } from './message.ts'
import { transfer, tried, type Transfer } from './transfer.ts'

/** A path as it is written on the wire: characters beyond ASCII are encoded, and it begins with a slash. */
const target = (path: string | undefined): string => {
  const encoded = (path ?? '').replaceAll(/[^!-~]+/gu, encodeURIComponent)
  return encoded === '*' || encoded.startsWith('/') ? encoded : `/${encoded}`
}

/** What a call has open in the host. */
interface Sending {
  readonly head: number
  readonly body: number
  readonly trailers: number
}

const closeAll = (host: AsyncHost, { head, body, trailers }: Sending): void => {
  for (const id of [head, body, trailers]) void close(host, id)
}

const responded = (
  host: AsyncHost,
  request: Request,
  moving: Transfer,
  open: Sending,
  answer: HttpAnswer<ResponseHead>,
): Result<Response, Tagged> => {
  if ('error' in answer) {
    closeAll(host, open)
    return { error: errorOf(answer.error) }
  }
  // It was passed on as its body was.
  moving.passed.settle(
    (outcome) => request.passed.resolve(outcome),
    () => {},
  )
  void close(host, open.head)
  const { contents, trailers } = incomingBody(host, open.body, open.trailers)
  const response = new Response(Fields.of(answer.value.headers), contents, trailers)
  response.status = answer.value.status
  return { ok: response }
}

/** Sends what has a body now, or none. */
const sent = (
  host: AsyncHost,
  call: AsyncCall,
  request: Request,
  moving: Transfer,
): Outcome<Result<Response, Tagged>> => {
  const http = httpOf(host)
  const head = {
    method: methodName(request.method),
    scheme: request.scheme ? schemeName(request.scheme) : 'https',
    authority: request.authority ?? '',
    path: target(request.path),
    headers: request.headers.list(),
  }
  const abort = (): void => {
    if (moving.id !== undefined) void tried(() => http.httpAbort(moving.id!))
  }
  return after(
    tried(() => http.httpRequest(head, moving.id, timeoutsOf(request.options))),
    (begun) => {
      if ('error' in begun) {
        abort()
        return begun
      }
      const open = begun.ok
      call.onCancel(() => {
        abort()
        closeAll(host, open)
      })
      return after(said<ResponseHead>(host, open.head), (answer) =>
        responded(host, request, moving, open, answer),
      )
    },
  )
}

const send = (host: AsyncHost, call: AsyncCall, request: Request): Outcome<Result<Response, Tagged>> =>
  after(
    tried(() =>
      after(transfer(host, request), (moving) =>
        moving.failure ? { error: moving.failure } : sent(host, call, request, moving),
      ),
    ),
    (outcome) => {
      const answer = 'ok' in outcome ? outcome.ok : outcome
      // Only the first word counts: what was said of its body stays.
      if ('error' in answer) request.passed.resolve(answer)
      return answer
    },
  )

export const client: WitFunctions = {
  send: asyncFunc([own(Request)], result(own(Response), errorCode), send),
}
