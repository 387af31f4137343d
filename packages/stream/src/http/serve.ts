/** serve: a server of node:http, node:https, node:http2 or node:net at any address. */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { invalidArgument } from '@uds/winsock-ffi'
import type { Address } from '@uds/winsock-ffi/internal'
import { listen, type ListenDoorOptions } from '../listen.ts'
import type { CloseOptions, Listener } from '../transport.ts'

/** A server at an address. */
export interface Served {
  /** Its address, which `agent`, `dispatcher` and `connect` take. */
  readonly address: string
  /** The listener under it, for its events and counts. */
  readonly listener: Listener
  /** Stops accepting, closes idle connections, lets requests end for `graceMs` milliseconds. Closing twice is no error. */
  close(options?: CloseOptions): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves a server of `node:http`, `node:https`, `node:http2` or `node:net` at any address. The server's own
 * `listen` is not called, so it can be served at several addresses; its `close` ends this as well.
 *
 * @example
 * ```ts
 * const served = await serve(http.createServer(app), 'unix:/run/app.sock', { mode: 0o660 })
 * ```
 *
 * @throws As `listen`.
 */
export const serve = async (
  server: Server,
  address: string | Address,
  options: ListenDoorOptions = {},
): Promise<Served> => {
  if (!(server instanceof EventEmitter))
    throw invalidArgument(
      'serve',
      'the server',
      'one of node:http, node:https, node:http2 or node:net',
      server,
    )
  // As Node's HTTP servers have it: they end their half themselves.
  const listener = await listen(address, { allowHalfOpen: true, ...options })

  const http = server as Partial<HttpServer>
  let closing: Promise<void> | undefined
  // A connection becomes idle when its response is finished.
  const onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    response.once('close', () => {
      if (closing) http.closeIdleConnections?.()
    })
  }
  const close = (closeOptions?: CloseOptions): Promise<void> => {
    closing ??= listener.close(closeOptions).finally(() => {
      server.off('request', onRequest)
      server.off('close', onServerClose)
    })
    // The listener's `connectionError` reports it too.
    closing.catch(() => {})
    http.closeIdleConnections?.()
    return closing
  }
  // The server stops when its connections have ended, which its own `close` does not wait for here.
  const onServerClose = (): void => {
    close({ graceMs: Infinity }).catch(() => {})
  }
  // A listener would change an HTTP/2 server, and means nothing to one of node:net.
  if (http.closeIdleConnections) server.on('request', onRequest)
  server.once('close', onServerClose)
  listener.on('connection', (connection) => server.emit('connection', connection))
  // Node's HTTP server begins to watch its timeouts when it listens.
  server.emit('listening')
  return {
    address: listener.address,
    listener,
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
