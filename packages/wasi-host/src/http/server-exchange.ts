/** ServerExchange: one request that a guest answers. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { Failure } from '../outcome/failure.ts'
import type { HeaderList, HttpAnswer, RequestHead, ResponseHead } from './http-calls.ts'
import { headerList, receiveBody, Said } from './incoming-body.ts'
import { flatHeaders, type OutgoingBody } from './outgoing-body.ts'

/** A body of a request may pause for so long. */
const IDLE_MS = 600_000

/** What a guest answers with when it has no response: RFC 9110, section 15.6. */
const FAILED = 500

/** Answers in words; a response that has begun is broken off, so that it does not look whole. */
export const failResponse = (response: ServerResponse, status: number, text: string): void => {
  if (!response.headersSent) {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
    response.end(`${text}\n`)
  } else if (!response.writableFinished) response.destroy()
}

export class ServerExchange {
  readonly head: RequestHead
  readonly body: PassThrough = new PassThrough()
  readonly trailers: Said<HeaderList> = new Said()
  readonly #response: ServerResponse
  #answered = false

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#response = response
    const { method = 'GET', url = '/', headers } = request
    // A proxy writes the whole URL: RFC 9112, section 3.2.2.
    const absolute = url.startsWith('/') || url === '*' ? undefined : URL.parse(url)
    this.head = {
      method,
      scheme: absolute?.protocol === 'https:' ? 'https' : 'http',
      authority: absolute?.host ?? headers.host ?? 'localhost',
      path: absolute ? `${absolute.pathname}${absolute.search}` : url,
      headers: headerList(request.rawHeaders),
    }
    this.body.on('error', () => {})
    // A client that has gone destroys its request, and the response sees it too.
    response.on('error', () => {})
    receiveBody(request, this.body, this.trailers, {
      idleMs: IDLE_MS,
      // To destroy it would take the response along.
      leave: () => void request.resume(),
    })
  }

  /** Whether the guest has begun to answer. */
  get answered(): boolean {
    return this.#answered
  }

  /** Whether the response, if there is one, has gone out as a whole, or never will. */
  get done(): Promise<void> {
    const response = this.#response
    return new Promise((resolve) => {
      if (response.writableFinished || response.destroyed) resolve()
      else response.once('close', () => resolve()).once('finish', () => resolve())
    })
  }

  /** @throws Failure when the head is none that HTTP has. */
  respond(answer: HttpAnswer<ResponseHead>, body: OutgoingBody | undefined): void {
    if (this.#answered) throw new Failure('EALREADY', 'the request has been answered')
    const response = this.#response
    this.#answered = true
    if ('error' in answer)
      return failResponse(response, FAILED, `the guest answered with the error ${answer.error.code}`)
    const { status, headers } = answer.value
    response.writeHead(status, flatHeaders(headers))
    if (!body) return void response.end()
    const length = headers.find(([name]) => name === 'content-length')?.[1]
    body.expect(length === undefined ? undefined : Number(length))
    return body.pipeTo(response)
  }
}
