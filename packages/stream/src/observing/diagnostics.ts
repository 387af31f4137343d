/**
 * The channels `uds.stream.*` of `node:diagnostics_channel`, and the lines of NODE_DEBUG=uds-stream. Without a
 * subscriber each event costs one test of a flag.
 */
import { channel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { debugLog } from '@uds/winsock-ffi/internal'
import type { Listener } from '../transport.ts'

/** The message of `uds.stream.connect`. */
export interface ConnectMessage {
  readonly address: string
  readonly connection: Duplex
}

/** The message of `uds.stream.accept` and `uds.stream.close`. */
export interface AcceptMessage {
  readonly listener: Listener
  readonly connection: Duplex
}

/** The message of `uds.stream.error`. */
export interface ErrorMessage {
  readonly during: 'connect' | 'listen' | 'accept' | 'connection'
  readonly address: string
  readonly error: Error
}

const connected = channel('uds.stream.connect')
const listening = channel('uds.stream.listen')
const accepted = channel('uds.stream.accept')
const closed = channel('uds.stream.close')
const failed = channel('uds.stream.error')

const debug = debugLog('uds-stream')

export const traceConnect = (address: string, connection: Duplex): void => {
  if (debug.enabled) debug('connected to %s', address)
  if (connected.hasSubscribers) connected.publish({ address, connection } satisfies ConnectMessage)
}

export const traceListen = (listener: Listener): void => {
  if (debug.enabled) debug('listening on %s', listener.address)
  if (listening.hasSubscribers) listening.publish({ listener })
}

export const traceAccept = (listener: Listener, connection: Duplex): void => {
  if (debug.enabled) debug('accepted a connection on %s', listener.address)
  if (accepted.hasSubscribers) accepted.publish({ listener, connection } satisfies AcceptMessage)
}

export const traceClose = (listener: Listener, connection: Duplex): void => {
  if (debug.enabled) debug('closed a connection of %s', listener.address)
  if (closed.hasSubscribers) closed.publish({ listener, connection } satisfies AcceptMessage)
}

export const traceError = (during: ErrorMessage['during'], address: string, error: Error): void => {
  if (debug.enabled) debug('%s %s failed: %s', during, address, error.message)
  if (failed.hasSubscribers) failed.publish({ during, address, error } satisfies ErrorMessage)
}
