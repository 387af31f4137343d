/** request: makes a request of a guest, over where its policy leads. */
import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { Failure } from '../outcome/failure.ts'
import type { PassThrough } from 'node:stream'
import type { HeaderList, HttpTimeouts, RequestHead, ResponseHead } from './http-calls.ts'
import { headerList, receiveBody, type Said } from './incoming-body.ts'
import { flatHeaders, type OutgoingBody } from './outgoing-body.ts'

/** What a request waits for at most, unless its options say otherwise: as wasmtime has it. */
const TIMEOUT_MS = 600_000

/** The streams of a response. */
export interface ResponseStreams {
  readonly head: Said<ResponseHead>
  readonly body: PassThrough
  readonly trailers: Said<HeaderList>
}

/** The host and the port of a request. */
export interface Origin {
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

/**
 * Reads where a request goes.
 *
 * @throws Failure `ERR_INVALID_URL`
 */
export const originOf = ({ scheme, authority, path }: RequestHead): Origin => {
  if (scheme !== 'http' && scheme !== 'https')
    throw new Failure('ERR_INVALID_URL', `the scheme ${scheme} is neither http nor https`)
  const url = URL.parse(`${scheme}://${authority}`)
  if (!url || authority === '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new Failure('ERR_INVALID_URL', `${JSON.stringify(authority)} is no authority of a URL`)
  if (url.username !== '' || url.password !== '')
    throw new Failure('ERR_INVALID_URL', 'an authority has no name and no password')
  if (!/^[!-~]*$/.test(path)) throw new Failure('ERR_INVALID_URL', 'the path has characters that no URL has')
  const secure = scheme === 'https'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: url.port === '' ? (secure ? 443 : 80) : Number(url.port), secure }
}

/** Methods whose requests mostly have no body, so that one that is empty is not announced. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

const contentLength = (headers: HeaderList): number | undefined => {
  const found = headers.find(([name]) => name === 'content-length')?.[1]
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined
}

/** The body that is sent, and the header that frames it: raw headers cannot be added to. */
const framed = async (
  head: RequestHead,
  body: OutgoingBody | undefined,
): Promise<{ readonly body?: OutgoingBody; readonly framing: readonly string[] }> => {
  if (!body) return { framing: [] }
  const length = contentLength(head.headers)
  body.expect(length)
  if (length !== undefined) return { body, framing: [] }
  if (BODILESS.has(head.method) && !(await body.begun())) return { framing: [] }
  return { body, framing: ['transfer-encoding', 'chunked'] }
}

/** Opens the connection: TCP or what a route leads to, with TLS where the scheme says so. */
export type Open = (signal: AbortSignal) => Promise<Duplex>

const late = (code: string, what: string, ms: number): Error =>
  Object.assign(new Error(`${what} took more than ${ms} ms`), { code })

/** Makes a request; its response and its failures go to the streams. */
export const request = async (
  head: RequestHead,
  outgoing: OutgoingBody | undefined,
  { connectMs = TIMEOUT_MS, firstByteMs = TIMEOUT_MS, betweenBytesMs = TIMEOUT_MS }: HttpTimeouts,
  { head: answer, body, trailers }: ResponseStreams,
  open: Open,
): Promise<void> => {
  const stopped = new AbortController()
  const abort = (): void => stopped.abort()
  let timer = setTimeout(() => {
    failed(late('ERR_HTTP_CONNECT_TIMEOUT', 'the connection', connectMs))
  }, connectMs)
  let made: ClientRequest | undefined
  let connection: Duplex | undefined
  const failed = (error: unknown): void => {
    clearTimeout(timer)
    answer.error(error)
    trailers.value([])
    abort()
    // Without a connection there is no peer to see that the body is not whole, and the response says what failed.
    if (made) outgoing?.abort()
    else outgoing?.discard()
    made?.destroy()
    connection?.destroy()
  }
  // The guest has dropped the response before it came.
  body.once('close', () => {
    if (!body.readableEnded) failed(new Failure('ECONNABORTED', 'the guest dropped the response'))
  })
  try {
    connection = await open(stopped.signal)
    connection.on('error', () => {})
    if (stopped.signal.aborted) return void connection.destroy()
    clearTimeout(timer)
    timer = setTimeout(() => {
      failed(late('ERR_HTTP_RESPONSE_TIMEOUT', 'the first byte of the response', firstByteMs))
    }, firstByteMs)
    const socket = connection
    const sent = await framed(head, outgoing)
    if (stopped.signal.aborted) return
    // An import of node:http would make pipes 0 to 2 of the process non-blocking.
    made = process.getBuiltinModule('node:http').request({
      method: head.method,
      path: head.path === '' ? '/' : head.path,
      // One request for each connection.
      headers: ['host', head.authority, 'connection', 'close', ...sent.framing, ...flatHeaders(head.headers)],
      // An agent would make its own.
      createConnection: () => socket,
    })
    made.on('error', failed)
    made.on('response', (response) => {
      clearTimeout(timer)
      answer.value({ status: response.statusCode!, headers: headerList(response.rawHeaders) })
      receiveBody(response, body, trailers, {
        idleMs: betweenBytesMs,
        leave: () => void response.destroy(),
      })
      response.once('close', () => socket.destroy())
    })
    if (!sent.body) return void made.end()
    made.flushHeaders()
    return sent.body.pipeTo(made)
  } catch (error) {
    failed(error)
  }
}
