/** FetchDispatcher: the Dispatcher of undici, as far as `fetch` and `WebSocket` use it, over agents of Node. */
import { EventEmitter } from 'node:events'
import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { invalidValue, SocketError } from '@uds/winsock-ffi'
import { toSink, type Handler, type ResponseSink } from './response-sink.ts'

/** The options of a request that this dispatcher reads (docs/docs/api/Dispatcher.md of undici). */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  readonly headers?: unknown
  readonly body?: unknown
  readonly upgrade?: string | boolean | null | undefined
}

type Pairs = [string, string | string[]][]

/** Headers are a flat list, pairs, an object, or an iterable of pairs. */
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

const headersOf = (options: DispatchOptions, origin: URL | undefined): Record<string, string | string[]> => {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of pairsOf(options.headers)) {
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  // The host of the URL, although the connection goes elsewhere.
  if (origin && !names.includes('host')) headers['host'] = origin.host
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
    // An error of the body ends the request, which emits it.
    pipeline(Readable.from(body as AsyncIterable<Uint8Array>), request, () => {})
  }
}

/** The agent for a protocol. */
export type AgentFor = (protocol: 'http:' | 'https:') => Agent

/**
 * Begins a request by the protocol of its origin. `https:` is never sent in clear.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for a protocol that is neither.
 */
const begin = (agentFor: AgentFor, options: DispatchOptions): [ClientRequest, Agent] => {
  const origin = options.origin === undefined ? undefined : new URL(options.origin)
  const protocol = origin?.protocol ?? 'http:'
  const all: RequestOptions = {
    path: options.path,
    method: options.method,
    headers: headersOf(options, origin),
  }
  if (protocol === 'http:') {
    const agent = agentFor(protocol)
    return [httpRequest({ ...all, agent }), agent]
  }
  if (protocol !== 'https:' || !origin)
    throw invalidValue('dispatch', 'the protocol', 'must be http: or https:', protocol)
  const agent = agentFor(protocol)
  // The certificate must be for this host, and a connection serves no other.
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const https = process.getBuiltinModule('node:https')
  return [https.request({ ...all, agent, host, port: origin.port || 443 }), agent]
}

const take = (response: IncomingMessage, sink: ResponseSink): void => {
  sink.head(response.statusCode ?? 0, bytes(response.rawHeaders), response.statusMessage ?? '')
  response.on('data', (chunk: Buffer) => sink.data(chunk))
  response.on('end', () => sink.end(bytes(response.rawTrailers)))
}

/**
 * What `fetch` needs of undici's Dispatcher. It understands the handlers of every version of undici, so that it works
 * with the one inside Node and with others that are loaded.
 */
export class FetchDispatcher extends EventEmitter {
  readonly #agentFor: AgentFor
  readonly #agents = new Set<Agent>()
  readonly #requests = new Set<ClientRequest>()
  #closed = false

  constructor(agentFor: AgentFor) {
    super()
    this.#agentFor = agentFor
    for (const name of ['request', 'stream', 'pipeline', 'connect', 'upgrade', 'compose'] as const)
      Object.defineProperty(this, name, { value: () => notHere(name) })
  }

  /** Makes a request. @returns True: there is no limit of requests. */
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
    for (const agent of this.#agents) agent.destroy()
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
    const [request, agent] = begin(this.#agentFor, options)
    this.#agents.add(agent)
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
    advice: 'for the whole API of undici pass its class: dispatcher(address, { Agent })',
  })
}
