import { EventEmitter } from 'node:events'
import { request as httpRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'
import { toSink, type Handler, type ResponseSink } from './response-sink.ts'

/** What undici and `fetch` hand to a dispatcher, as far as it matters here. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  readonly headers?: unknown
  readonly body?: unknown
  readonly upgrade?: string | boolean | null | undefined
}

type Pairs = [string, string | string[]][]

/** Headers come as a flat list, as pairs, as an object, or as something that iterates over pairs. */
const pairsOf = (headers: unknown): Pairs => {
  if (headers === undefined || headers === null) return []
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    const flat = headers as string[]
    return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : []) as Pairs)
  }
  if (typeof (headers as Iterable<unknown>)[Symbol.iterator] === 'function')
    return [...(headers as Iterable<[string, string]>)]
  return Object.entries(headers as Record<string, string | string[]>)
}

const headersOf = (options: DispatchOptions): Record<string, string | string[]> => {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of pairsOf(options.headers)) {
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  // The host that the URL names, although the connection goes elsewhere.
  if (options.origin && !names.includes('host')) headers['host'] = new URL(options.origin).host
  if (options.upgrade) {
    headers['connection'] = 'upgrade'
    headers['upgrade'] = options.upgrade === true ? 'websocket' : options.upgrade
  }
  return headers
}

const bytes = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))

const writeBody = (request: ClientRequest, body: unknown): void => {
  if (body === undefined || body === null) request.end()
  else if (typeof body === 'string' || body instanceof Uint8Array) request.end(body)
  else {
    // An error of the body ends the request, which tells of it.
    pipeline(Readable.from(body as AsyncIterable<Uint8Array>), request, () => {})
  }
}

const take = (response: IncomingMessage, sink: ResponseSink): void => {
  sink.head(response.statusCode ?? 0, bytes(response.rawHeaders), response.statusMessage ?? '')
  response.on('data', (chunk: Buffer) => sink.data(chunk))
  response.on('end', () => sink.end(bytes(response.rawTrailers)))
}

/**
 * What `fetch` needs of undici's Dispatcher, over an agent of `node:http`. It understands the handlers of every version
 * of undici, so that it works with the one inside Node whatever that is, and whichever others are loaded.
 */
export class FetchDispatcher extends EventEmitter {
  readonly #agent: Agent
  readonly #requests = new Set<ClientRequest>()
  #closed = false

  constructor(agent: Agent) {
    super()
    this.#agent = agent
    for (const name of ['request', 'stream', 'pipeline', 'connect', 'upgrade', 'compose'] as const)
      Object.defineProperty(this, name, { value: () => notHere(name) })
  }

  /** Makes a request. @returns True: it takes as many as it is given. */
  dispatch(options: DispatchOptions, handler: Handler): boolean {
    this.#dispatch(options, handler, true)
    return true
  }

  /** Waits until the requests that were made have ended, then closes the connections. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(
      [...this.#requests].map((each) => new Promise((resolve) => each.once('close', resolve))),
    )
    this.#agent.destroy()
  }

  /** Ends the requests that were made, and closes the connections. */
  async destroy(error?: Error | null): Promise<void> {
    const reason = error ?? new Error('the dispatcher was destroyed')
    for (const each of this.#requests) each.destroy(reason)
    await this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #dispatch(options: DispatchOptions, handler: Handler, mayRepeat: boolean): void {
    let response: IncomingMessage | undefined
    let ended = false
    const finish = (how: () => void): void => {
      if (ended) return
      ended = true
      how()
    }
    const request = httpRequest({
      agent: this.#agent,
      path: options.path,
      method: options.method,
      headers: headersOf(options),
    })
    const sink = toSink(handler, {
      abort: (reason) => request.destroy(reason ?? new Error('the request was aborted')),
      pause: () => response?.pause(),
      resume: () => response?.resume(),
    })
    request.on('response', (message) => {
      response = message
      message.on('error', (error) => finish(() => sink.fail(error)))
      message.on('end', () => (ended = true))
      take(message, sink)
    })
    request.on('upgrade', (message, socket) =>
      finish(() => sink.upgrade(message.statusCode ?? 101, bytes(message.rawHeaders), socket)),
    )
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server has closed an idle connection as this began: Node says to try again (http, request.reusedSocket).
      const isStale = request.reusedSocket && error.code === 'ECONNRESET' && response === undefined
      if (isStale && mayRepeat && !ended && (options.body === undefined || options.body === null)) {
        ended = true
        this.#dispatch(options, handler, false)
      } else finish(() => sink.fail(error))
    })
    request.once('close', () => this.#requests.delete(request))
    this.#requests.add(request)
    try {
      if (this.#closed) throw new Error('the dispatcher is closed')
      if (mayRepeat) sink.start()
    } catch (error) {
      request.destroy(error as Error)
      return
    }
    if (!request.destroyed) writeBody(request, options.body)
  }
}

const notHere = (name: string): never => {
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: name,
    detail: `the dispatcher for fetch has no ${name}()`,
    advice: 'for the API of undici give its class: dispatcher(address, { Agent })',
  })
}
