/**
 * HTTP over any address: `agent` for `node:http`, `dispatcher` for `fetch` and undici, `serve` for servers.
 *
 * @packageDocumentation
 */
export { agent } from './agent.ts'
export type { SocketAgentOptions } from './agent.ts'
export { dispatcher } from './dispatcher.ts'
export type { Dispatcher, DispatcherClass, DispatcherOptions } from './dispatcher.ts'
export { serve } from './serve.ts'
export type { Served } from './serve.ts'
export type { DialOptions } from './dial.ts'
