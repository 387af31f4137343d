/** The HTTP of a guest that another thread has. Every call blocks until it is answered. */
import type {
  Awaiting,
  HeaderList,
  HttpAnswer,
  HttpCalls,
  HttpTimeouts,
  RequestHead,
  ResponseHead,
} from '../http/http-calls.ts'
import type { Settled } from '../outcome/sync-promise.ts'
import { callThrough, type Request, type SharedMemory } from './channel.ts'

export class RemoteHttp implements HttpCalls {
  readonly #memory: SharedMemory
  readonly #post: (request: Request) => void

  constructor(memory: SharedMemory, post: (request: Request) => void) {
    this.#memory = memory
    this.#post = post
  }

  #call<Op extends keyof HttpCalls>(
    op: Op,
    ...args: Parameters<HttpCalls[Op]>
  ): Settled<ReturnType<HttpCalls[Op]>> {
    return callThrough(this.#memory, this.#post, op, args) as Settled<ReturnType<HttpCalls[Op]>>
  }

  httpBody(): number {
    return this.#call('httpBody')
  }

  httpFinish(body: number, trailers: HeaderList | undefined): void {
    this.#call('httpFinish', body, trailers)
  }

  httpAbort(body: number): void {
    this.#call('httpAbort', body)
  }

  httpRequest(head: RequestHead, body: number | undefined, timeouts: HttpTimeouts): Awaiting {
    return this.#call('httpRequest', head, body, timeouts)
  }

  httpRespond(exchange: number, answer: HttpAnswer<ResponseHead>, body: number | undefined): void {
    this.#call('httpRespond', exchange, answer, body)
  }
}

const names: Readonly<Record<keyof HttpCalls, true>> = {
  httpBody: true,
  httpFinish: true,
  httpAbort: true,
  httpRequest: true,
  httpRespond: true,
}

/** Serves the calls of {@link RemoteHttp}; undefined for a call that is none of them. */
export const httpCallOf = (http: HttpCalls, { op, args }: Request): (() => unknown) | undefined => {
  if (!Object.hasOwn(names, op)) return undefined
  const call = http[op as keyof HttpCalls] as (...rest: readonly unknown[]) => unknown
  return () => call.apply(http, [...args])
}
