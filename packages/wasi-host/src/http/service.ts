/** HttpService: the HTTP of one guest, in the thread that has its sockets. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, type Duplex, type Readable, type Writable } from 'node:stream'
import { badDescriptor, Failure } from '../outcome/failure.ts'
import type { NodeNetwork } from '../network/node/network.ts'
import { NodeStreamEnd } from '../network/node/stream-end.ts'
import { handshake } from '../network/node/tls.ts'
import type { Target } from '../network/target.ts'
import type { Permissions } from '../policy/permissions.ts'
import { GuestSocket } from '../sockets/guest-socket.ts'
import type { GuestSockets } from '../sockets/guest-sockets.ts'
import { originOf, request, type Origin, type ResponseStreams } from './client.ts'
import type {
  Awaiting,
  Exchange,
  HeaderList,
  HttpAnswer,
  HttpCalls,
  HttpTimeouts,
  RequestHead,
  ResponseHead,
} from './http-calls.ts'
import { Said } from './incoming-body.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { ServerExchange } from './server-exchange.ts'

export interface HttpParts {
  readonly network: NodeNetwork
  readonly sockets: GuestSockets
  readonly permissions: Permissions
}

export class HttpService implements HttpCalls {
  readonly #parts: HttpParts
  readonly #bodies = new Map<number, OutgoingBody>()
  readonly #exchanges = new Map<number, ServerExchange>()
  #next = 1

  constructor(parts: HttpParts) {
    this.#parts = parts
  }

  /** A stream as a socket of the guest. */
  #adopt(ends: { readable?: Readable; writable?: Writable }, counts: boolean): number {
    const { network, sockets } = this.#parts
    const socket = new GuestSocket('unix', 'stream')
    const id = sockets.adopt(socket, { counts })
    const end = new NodeStreamEnd(ends)
    network.track(end)
    socket.stream = end
    return id
  }

  #body(id: number): OutgoingBody {
    const body = this.#bodies.get(id)
    if (!body) throw badDescriptor
    return body
  }

  httpBody(): number {
    const body = new OutgoingBody()
    const id = this.#adopt({ writable: body.writable }, true)
    this.#bodies.set(id, body)
    return id
  }

  httpFinish(id: number, trailers: HeaderList | undefined): void {
    const body = this.#body(id)
    this.#bodies.delete(id)
    try {
      body.finish(trailers)
    } finally {
      this.#parts.sockets.close(id)
    }
  }

  httpAbort(id: number): void {
    const body = this.#body(id)
    this.#bodies.delete(id)
    body.abort()
    this.#parts.sockets.close(id)
  }

  async #open(target: Target, { host, secure }: Origin, signal: AbortSignal): Promise<Duplex> {
    const stream = await this.#parts.network.open(target, signal)
    // A route to TLS is TLS already.
    if (!secure || target.kind === 'tls') return stream
    const { socket } = await handshake(
      stream,
      { servername: host, verify: true, checkName: true, ca: undefined, alpn: ['http/1.1'] },
      -1,
    )
    return socket
  }

  /** The streams of a response as sockets of the guest: all of them, or none where its quota does not permit them. */
  #await(streams: ResponseStreams): Awaiting {
    const made: number[] = []
    try {
      for (const readable of [streams.head.stream, streams.body, streams.trailers.stream])
        made.push(this.#adopt({ readable }, true))
    } catch (error) {
      for (const id of made) this.#parts.sockets.close(id)
      throw error
    }
    const [head, body, trailers] = made as [number, number, number]
    return { head, body, trailers }
  }

  httpRequest(head: RequestHead, body: number | undefined, timeouts: HttpTimeouts): Awaiting {
    const origin = originOf(head)
    const outgoing = body === undefined ? undefined : this.#body(body)
    const { target, failed } = this.#parts.permissions.connectHost(origin.host, origin.port)
    const streams = {
      head: new Said<ResponseHead>(),
      body: new PassThrough().on('error', () => {}),
      trailers: new Said<HeaderList>(),
    }
    const awaiting = this.#await(streams)
    void request(head, outgoing, timeouts, streams, async (signal) => {
      try {
        return await this.#open(target, origin, signal)
      } catch (error) {
        if (!signal.aborted) failed(error)
        throw error
      }
    })
    return awaiting
  }

  httpRespond(number: number, answer: HttpAnswer<ResponseHead>, body: number | undefined): void {
    const exchange = this.#exchanges.get(number)
    if (!exchange) throw new Failure('EBADF', 'the request is not of this guest')
    exchange.respond(answer, body === undefined ? undefined : this.#body(body))
  }

  /** The guest has ended: what it has not finished is not whole. */
  close(): void {
    for (const body of this.#bodies.values()) body.abort()
    this.#bodies.clear()
  }

  /**
   * Lets the guest answer a request.
   *
   * @param handle - Calls its handler.
   * @throws Error `ERR_WASI_NO_RESPONSE` when it has not.
   */
  async answer(
    incoming: IncomingMessage,
    response: ServerResponse,
    handle: (exchange: Exchange) => Promise<void>,
  ): Promise<void> {
    const exchange = new ServerExchange(incoming, response)
    await handle(this.#accept(exchange))
    if (!exchange.answered)
      throw Object.assign(new Error('the handler of the guest returned, and has set no response'), {
        code: 'ERR_WASI_NO_RESPONSE',
      })
    // What the guest has left unfinished is broken off, so that this ends.
    this.close()
    await exchange.done
  }

  #accept(exchange: ServerExchange): Exchange {
    const number = this.#next++
    this.#exchanges.set(number, exchange)
    return {
      ...exchange.head,
      exchange: number,
      body: this.#adopt({ readable: exchange.body }, false),
      trailers: this.#adopt({ readable: exchange.trailers.stream }, false),
    }
  }
}
