/**
 * HTTP over any address: `agent` for node:http and node:https, `dispatcher` for `fetch` and undici, `serve` for servers.
 *
 * @packageDocumentation
 */
export { agent } from './agent.ts'
export type { SocketAgentOptions } from './agent.ts'
export { dispatcher } from './dispatcher.ts'
export type { Dispatcher, DispatcherClass, DispatcherOptions, FetchDispatcherLike } from './dispatcher.ts'
export { fetch } from './fetch.ts'
export type { FetchOptions } from './fetch.ts'
export { serve } from './serve.ts'
export type { Served } from './serve.ts'
export type { DialOptions } from './dial.ts'
export type { TlsClientOptions } from '../compose/tls-options.ts'
