/**
 * The channels `uds.events.*` of `node:diagnostics_channel`: what was handled, what was reported, which connections there
 * are. Without a subscriber each costs one test of a flag.
 */
import { channel } from 'node:diagnostics_channel'
import type { Channel as DiagnosticsChannel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { isThenable } from './listeners.ts'

/** The message of `uds.events.handled`: a message of the other end that listeners, or a handler, are done with. */
export interface HandledMessage {
  /** The `EventServer` or `EventClient` that it came to. */
  readonly end: object | undefined
  /** The `ServerPeer` that it came from; at a client, the client. */
  readonly peer: unknown
  readonly kind: 'emit' | 'send' | 'request' | 'stream'
  readonly name: string
  /** Milliseconds from its arrival until listeners or the handler were done; for a stream, until its first item may come. */
  readonly ms: number
  /** What it failed with. */
  readonly error: unknown
}

/** The message of `uds.events.error`: an error that no caller awaits, as the event `error` has it. */
export interface ErrorMessage {
  readonly end: object | undefined
  readonly peer: unknown
  readonly error: Error
}

/** The message of `uds.events.connection`: a connection that has begun to carry messages. */
export interface ConnectionMessage {
  readonly end: object | undefined
  readonly peer: unknown
  readonly connection: Duplex
}

export const handled: DiagnosticsChannel = channel('uds.events.handled')
export const failed: DiagnosticsChannel = channel('uds.events.error')
export const connected: DiagnosticsChannel = channel('uds.events.connection')

/** Runs what handles a message, and publishes how that went. */
export const observe = (about: Omit<HandledMessage, 'ms' | 'error'>, handle: () => unknown): unknown => {
  const began = performance.now()
  const publish = (error?: unknown): void =>
    handled.publish({ ...about, ms: performance.now() - began, error } satisfies HandledMessage)
  let result: unknown
  try {
    result = handle()
  } catch (error) {
    publish(error)
    throw error
  }
  if (!isThenable(result)) {
    publish()
    return result
  }
  const done = Promise.resolve(result)
  done.then(() => publish(), publish)
  return done
}
