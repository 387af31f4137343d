/** What two ends of a connection between threads say to each other, and how far one may run ahead. */
import type { MessagePort } from 'node:worker_threads'

/** Bytes, that so many bytes were read, the end of the stream, or a connection that fails; first open or refused. */
export type PortMessage = Uint8Array | number | 'end' | 'reset' | 'open' | { readonly refused: string }

/** A new connection: for which listener, and its port. */
export interface ConnectMessage {
  readonly connect: string
  readonly port: MessagePort
}

/** Bytes that may be under way to a reader that does not read. */
export const WINDOW: number = 256 * 1024
/** The reader says what it has read in parts of at least so many bytes. */
export const CREDIT_AT: number = 64 * 1024
