/**
 * One `@uds/events` channel over many machines, carried by NATS.
 *
 * @packageDocumentation
 */
export { NatsAdapter } from './adapter/nats-adapter.ts'
export type { NatsAdapterEvents } from './adapter/nats-adapter.ts'
export type { Forward, NatsOptions, StoreOptions, WaitingOptions } from './options/options.ts'
export type { CarriedMessage, DroppedMessage, NatsConnectionMessage, NatsCounters } from './diagnostics.ts'
export type { DeadLetter } from './sends/dead-letters.ts'
export type { WorkContext, WorkHandler, WorkOptions } from './work-queues/options.ts'
export type { NatsErrorCode } from './errors.ts'
