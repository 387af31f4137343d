/** ChannelSettings, DurableStore, ChannelOwner: what a channel needs of its client or server. */
import type { Checks } from '../contract/contract.ts'
import type { Elsewhere } from '../handlers/elsewhere.ts'
import type { Delivery } from '../handlers/handler.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import type { Inbox } from '../journal/handled-journal.ts'
import type { StoredMessage } from '../journal/sent-journal.ts'
import type { OutgoingNames } from '../wire/interned-names.ts'
import type { QueueLimits } from './frame-queue.ts'

/** What every channel of a server, or of a client, has in common. */
export interface ChannelSettings {
  readonly offline: QueueLimits
  readonly outgoing: QueueLimits
  /** Bytes from which on `emit` says false. */
  readonly highWaterMark: number
  readonly maxUnacknowledged: number
  readonly maxDepth: number
  readonly maxValues: number
  readonly maxRequests: number
  readonly maxFrame: number
}

/** Keeps what is sent until it is acknowledged, beyond the life of this process. */
export interface DurableStore {
  /** Keeps all of these messages, or throws and keeps none. */
  add(messages: readonly StoredMessage[]): void
  settled(from: number, count: number): void
}

/** What a channel needs of the client, or server peer, that it belongs to. */
export interface ChannelOwner {
  readonly session: string
  readonly names: OutgoingNames
  readonly settings: ChannelSettings
  /** Who listens to what arrives. */
  readonly handlers: HandlerRegistry
  readonly checks: Checks | undefined
  readonly durableStore?: DurableStore | undefined
  readonly inbox?: Inbox | undefined
  /** What takes the messages that nobody here handles. */
  readonly elsewhere?: (() => Elsewhere | undefined) | undefined
  /** The peer that listeners and handlers receive. */
  readonly peer: unknown
  /** What a listener is called with. */
  listenerArguments(data: unknown, delivery: Delivery): readonly unknown[]
  /** Why there is no connection, where that is known: the reason of a request that is not answered in time. */
  readonly whyAway?: (() => Error | undefined) | undefined
  /** Reports an error that has no other reader. */
  report(error: Error): void
  /** There is room again after `emit` said false. */
  drained(): void
}
