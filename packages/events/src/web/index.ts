/**
 * The client for browsers: `EventClient` over a WebSocket or a pair of web streams, without Node's modules.
 *
 * @packageDocumentation
 */
export { EventClient } from './client.ts'
export { RemoteError } from '../errors/remote-error.ts'
export { EventsError } from './errors.ts'
export type { HandlerContext } from './answers.ts'
export type { StreamPair } from './carriers.ts'
export type { ClientEvents, Delivery } from './client-events.ts'
export type { ClientOptions, ReconnectOptions, Target } from './options.ts'
