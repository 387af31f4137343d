/** Reporter: counts what one client or server does, from the channels of node:diagnostics_channel. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { codeOf } from '@uds/winsock-ffi/internal'
import type { Channel } from '../channel/channel.ts'
import type { ConnectionMessage, ErrorMessage, HandledMessage } from '../handlers/diagnostics.ts'
import { HandledCounter, type HandledReport } from './handled.ts'

/** One connected peer. */
export interface PeerReport {
  /** The name that it claims; empty where it claims none. */
  readonly name: string
  /** How many of its events were handled. */
  readonly events: number
  /** How many of its requests were handled. */
  readonly requests: number
  /** Bytes for it that wait in this process. */
  readonly bufferedBytes: number
  /** How many `send`s to it are not acknowledged. */
  readonly unacknowledged: number
  /** How many messages to it were dropped. */
  readonly dropped: number
}

/** How a client or server is. All counts are of the time since it began to report, but for what says otherwise. */
export interface Report {
  readonly role: 'server' | 'client'
  /** Where it listens, or connects to. */
  readonly address: string
  readonly pid: number
  /** Milliseconds on a clock of this process that never goes back: a rate is what lies between two reports. */
  readonly at: number
  /** The connected peers, 100 at most; of a client, its server. */
  readonly peers: readonly PeerReport[]
  readonly peerCount: number
  /** Events that came, by name; 200 names at most, and the others as `(others)`. */
  readonly events: Readonly<Record<string, HandledReport>>
  /** Requests that came, and requests for streams, by name. */
  readonly requests: Readonly<Record<string, HandledReport>>
  /** What waits now, of all peers. */
  readonly queues: {
    readonly bufferedBytes: number
    readonly unacknowledged: number
    /** How many messages were dropped, by peers that are connected now. */
    readonly dropped: number
  }
  /** Errors that no caller awaits, as the event `error` has them, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Bytes over the connections of this end, of those that count them, as sockets do. */
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** What a report is of; clients and servers supply it. */
export interface ReportSource {
  /** As it stands in the messages of the diagnostics channels. */
  readonly end: object
  readonly role: Report['role']
  readonly address: string
  /** The connected peers. */
  peers(): Iterable<{
    readonly peer: unknown
    readonly name: string | undefined
    readonly channel: Channel
  }>
}

/** A name may be anything that a peer says, and so many different ones are counted. */
const MOST_NAMES = 200
const OTHERS = '(others)'
const MOST_PEERS = 100

interface PeerCounts {
  events: number
  requests: number
}

interface Counting {
  readonly bytesRead?: number
  readonly bytesWritten?: number
}

const counterOf = (counters: Map<string, HandledCounter>, name: string): HandledCounter => {
  const key = counters.has(name) || counters.size < MOST_NAMES ? name : OTHERS
  let counter = counters.get(key)
  if (counter === undefined) counters.set(key, (counter = new HandledCounter()))
  return counter
}

// An object without a prototype, as names may be any text.
const readAll = (counters: Map<string, HandledCounter>): Record<string, HandledReport> =>
  Object.assign(
    Object.create(null) as Record<string, HandledReport>,
    Object.fromEntries([...counters].map(([name, counter]) => [name, counter.read()])),
  )

/** Counts from its construction until {@link Reporter.close}. */
export class Reporter {
  readonly #source: ReportSource
  readonly #events = new Map<string, HandledCounter>()
  readonly #requests = new Map<string, HandledCounter>()
  readonly #errors = new Map<string, number>()
  readonly #byPeer = new WeakMap<object, PeerCounts>()
  readonly #open = new Set<Duplex & Counting>()
  #bytesRead = 0
  #bytesWritten = 0

  constructor(source: ReportSource) {
    this.#source = source
    for (const { channel } of source.peers()) if (channel.link) this.#track(channel.link.duplex)
    subscribe('uds.events.handled', this.#onHandled)
    subscribe('uds.events.error', this.#onError)
    subscribe('uds.events.connection', this.#onConnection)
  }

  /** How it is now. Times of handlers are those since the call before. */
  read(): Report {
    const { role, address } = this.#source
    const peers = [...this.#source.peers()]
    const queues = { bufferedBytes: 0, unacknowledged: 0, dropped: 0 }
    const listed = peers.map(({ peer, name = '', channel }): PeerReport => {
      const waits = {
        bufferedBytes: channel.bufferedBytes,
        unacknowledged: channel.sends.size,
        dropped: channel.flow.queue.dropped,
      }
      queues.bufferedBytes += waits.bufferedBytes
      queues.unacknowledged += waits.unacknowledged
      queues.dropped += waits.dropped
      return { name, ...(this.#byPeer.get(peer as object) ?? { events: 0, requests: 0 }), ...waits }
    })
    let [bytesRead, bytesWritten] = [this.#bytesRead, this.#bytesWritten]
    for (const each of this.#open) {
      bytesRead += each.bytesRead ?? 0
      bytesWritten += each.bytesWritten ?? 0
    }
    return {
      role,
      address,
      pid: process.pid,
      at: performance.now(),
      peers: listed.slice(0, MOST_PEERS),
      peerCount: peers.length,
      events: readAll(this.#events),
      requests: readAll(this.#requests),
      queues,
      errors: Object.fromEntries(this.#errors),
      bytesRead,
      bytesWritten,
    }
  }

  /** Stops counting. */
  close(): void {
    unsubscribe('uds.events.handled', this.#onHandled)
    unsubscribe('uds.events.error', this.#onError)
    unsubscribe('uds.events.connection', this.#onConnection)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  readonly #onHandled = (message: unknown): void => {
    const { end, peer, kind, name, ms, error } = message as HandledMessage
    if (end !== this.#source.end) return
    const isEvent = kind === 'emit' || kind === 'send'
    counterOf(isEvent ? this.#events : this.#requests, name).add(ms, error !== undefined)
    let counts = this.#byPeer.get(peer as object)
    if (counts === undefined) this.#byPeer.set(peer as object, (counts = { events: 0, requests: 0 }))
    counts[isEvent ? 'events' : 'requests'] += 1
  }

  readonly #onError = (message: unknown): void => {
    const { end, error } = message as ErrorMessage
    if (end !== this.#source.end) return
    const code = codeOf(error) ?? error.name
    const key = this.#errors.has(code) || this.#errors.size < MOST_NAMES ? code : OTHERS
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1)
  }

  readonly #onConnection = (message: unknown): void => {
    const { end, connection } = message as ConnectionMessage
    if (end === this.#source.end) this.#track(connection)
  }

  #track(connection: Duplex & Counting): void {
    this.#open.add(connection)
    connection.once('close', () => {
      this.#open.delete(connection)
      this.#bytesRead += connection.bytesRead ?? 0
      this.#bytesWritten += connection.bytesWritten ?? 0
    })
  }
}
