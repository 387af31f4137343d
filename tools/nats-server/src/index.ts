/** The names of this package. */
export { findNatsServer, makeNatsServer, neededNatsServer } from './find.ts'
export type { Missing, NatsServer } from './find.ts'
export { startNats } from './start.ts'
export type { RunningNats, StartOptions } from './start.ts'
export { startRelay } from './relay.ts'
export type { Relay } from './relay.ts'
