/** Counters of an adapter, and the channels `uds.nats.*` of `node:diagnostics_channel`. */
import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'

/** What an adapter has carried so far, and what waits. */
export interface NatsCounters {
  /** Messages that were written to the server; several events may be in one. */
  readonly sent: number
  readonly sentBytes: number
  /** Messages of other machines. */
  readonly received: number
  readonly receivedBytes: number
  /** Events that a full queue dropped. */
  readonly dropped: number
  /** Messages that wait for the server. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Acknowledged messages that wait until they are stored. */
  readonly unstored: number
  /** Messages that were stored. */
  readonly stored: number
  /** Stored messages of other machines that were handled here. */
  readonly handled: number
  /** Times that the connection was lost. */
  readonly disconnects: number
}

/** The message of `uds.nats.sent` and `uds.nats.received`. */
export interface CarriedMessage {
  readonly channel: string
  readonly machine: string
  readonly subject: string
  readonly bytes: number
}

/** The message of `uds.nats.dropped`. */
export interface DroppedMessage {
  readonly channel: string
  readonly machine: string
  readonly subject: string
  readonly policy: string
}

/** The message of `uds.nats.connection`. */
export interface NatsConnectionMessage {
  readonly channel: string
  readonly machine: string
  readonly connected: boolean
  /** The address of the nats-server. */
  readonly server: string | undefined
}

export const sentChannel: Channel = channel('uds.nats.sent')
export const receivedChannel: Channel = channel('uds.nats.received')
export const droppedChannel: Channel = channel('uds.nats.dropped')
export const connectionChannel: Channel = channel('uds.nats.connection')

/** {@link NatsCounters}, while they are counted. */
export class Counting {
  sent = 0
  sentBytes = 0
  received = 0
  receivedBytes = 0
  dropped = 0
  stored = 0
  handled = 0
  disconnects = 0
}
