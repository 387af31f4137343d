/** webSocketConnection: a WebSocket that may come in, as a connection of the server. */
import { Duplex } from 'node:stream'
import { checkOptions, invalidArgument, optionNames } from '@uds/winsock-ffi'
import { asError } from '../errors/errors.ts'
import { sameToken } from '../tokens/same-token.ts'
import { lastWords, nameGuard } from './name-guard.ts'
import { WebSocketDuplex, type WebSocketLike } from './web-socket-duplex.ts'

/** Which browsers may come in, and what they may say and hear. Each is named; `*` is everything. */
export interface WebSocketOptions {
  /** The origins of pages that may connect (`https://app.example`), as the browser says in `Origin`; `*`: any, and none. */
  readonly origins: readonly string[] | '*'
  /** The names of events and requests that may pass, in both directions. `$uds:join` and its like are names too. */
  readonly names: readonly string[] | '*'
  /** The client has to show one of these as its `token`. @default none is asked for */
  readonly tokens?: readonly string[] | undefined
}

/** What is used of the request that became a WebSocket: its headers. */
export interface UpgradeRequest {
  readonly headers: { readonly origin?: string | undefined }
}

const OPTIONS: readonly string[] = optionNames<WebSocketOptions>({ origins: true, names: true, tokens: true })

const checkList = (what: string, value: unknown): void => {
  if (value === '*' || (Array.isArray(value) && value.every((each) => typeof each === 'string'))) return
  throw invalidArgument('acceptWebSocket', what, "a list of strings, or '*'", value)
}

/** RFC 6455, 7.4.1: what came is against the rules of this end. */
const POLICY_VIOLATION = 1008

/**
 * The connection of a WebSocket that may come in; undefined when it was closed because of its origin.
 *
 * @param maxFrame - the longest frame that the server reads
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export const webSocketConnection = (
  socket: WebSocketLike,
  request: UpgradeRequest,
  options: WebSocketOptions,
  maxFrame: number,
): Duplex | undefined => {
  checkOptions(options, 'acceptWebSocket', OPTIONS)
  const { origins, names, tokens } = options
  checkList('origins', origins)
  checkList('names', names)
  if (tokens !== undefined) checkList('tokens', tokens)
  const origin = request.headers.origin ?? ''
  if (origins !== '*' && !origins.includes(origin)) {
    socket.on('error', () => {})
    socket.close(POLICY_VIOLATION, 'pages of this origin may not connect')
    return undefined
  }
  const admits = (token: unknown): boolean =>
    tokens === undefined || tokens.some((each) => typeof token === 'string' && sameToken(each, token))
  const bytes = new WebSocketDuplex(socket)
  const { toServer, toClient } = nameGuard({ names, admits, maxFrame })
  bytes.pipe(toServer)
  toClient.pipe(bytes)
  const connection = Duplex.from({ readable: toServer, writable: toClient })
  bytes.on('error', () => {})
  bytes.on('close', () => connection.destroy())
  connection.on('close', () => {
    if (!bytes.writableEnded) bytes.destroy()
  })
  const refuse = (error: unknown): void => {
    if (!bytes.destroyed) bytes.end(lastWords(asError(error)))
  }
  toServer.on('error', refuse)
  toClient.on('error', refuse)
  return connection
}
