import { ratesBetween, type HandledReport } from '@uds/events/report'
import type { ChannelReport } from './report.ts'

/** What a browser sees of the messages of one name; the others together have the empty name. */
export interface MessageView {
  readonly name: string
  readonly kind: 'event' | 'request'
  readonly total: number
  readonly rate: number
  readonly failed: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What a browser sees of one channel. Rates are per second. */
export interface ChannelView {
  readonly channel: string
  readonly address: string
  readonly pid: number
  readonly eventRate: number
  readonly requestRate: number
  readonly errorRate: number
  /** Of all messages that were handled in the last interval. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytesReadRate: number
  readonly bytesWrittenRate: number
  readonly bufferedBytes: number
  readonly unacknowledged: number
  readonly errors: readonly { readonly code: string; readonly total: number }[]
  /** Only names of the allow-list; the others together come last. */
  readonly messages: readonly MessageView[]
  readonly peers: readonly {
    readonly name: string
    readonly messages: number
    readonly waiting: number
  }[]
  readonly peerCount: number
}

const MOST_TEXT = 300
/** More names than a report has. */
const MOST_ENTRIES = 300

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST_TEXT
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const areCounts = (value: unknown, ...names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => isCount(value[name]))

const isTable = (value: unknown, isEntry: (entry: unknown) => boolean): boolean =>
  isObject(value) &&
  Object.keys(value).length <= MOST_ENTRIES &&
  Object.entries(value).every(([name, entry]) => isText(name) && isEntry(entry))

const isHandled = (value: unknown): boolean => areCounts(value, 'count', 'failed', 'recent', 'p50Ms', 'p99Ms')

/** Reports come from other processes: what is not one is not shown. */
export const isReport = (value: unknown): value is ChannelReport => {
  if (!isObject(value)) return false
  const { channel, address, events, requests, queues, errors, peers } = value
  return (
    isText(channel) &&
    isText(address) &&
    areCounts(value, 'pid', 'at', 'bytesRead', 'bytesWritten', 'peerCount') &&
    areCounts(queues, 'bufferedBytes', 'unacknowledged') &&
    isTable(events, isHandled) &&
    isTable(requests, isHandled) &&
    isTable(errors, isCount) &&
    Array.isArray(peers) &&
    peers.length <= MOST_ENTRIES &&
    peers.every(
      (peer: unknown) =>
        areCounts(peer, 'events', 'requests', 'bufferedBytes') && isText((peer as { name?: unknown }).name),
    )
  )
}

interface Row {
  readonly before: ChannelReport | undefined
  readonly now: ChannelReport
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0)

/** The time of all together: that of each name counts as often as it was handled. */
const together = (rows: readonly HandledReport[], of: 'p50Ms' | 'p99Ms'): number => {
  const recent = rows.filter((row) => row.recent > 0)
  if (of === 'p99Ms') return Math.max(0, ...recent.map((row) => row.p99Ms))
  return sum(recent.map((row) => row.p50Ms * row.recent)) / Math.max(1, sum(recent.map((row) => row.recent)))
}

/** The channels that are alive, each with its last two reports: a rate is what lies between them. */
export class Board {
  readonly #mayBeSeen: (name: string) => boolean
  readonly #rows = new Map<unknown, Row>()

  /** @param mayBeSeen - the allow-list: the names of messages that browsers may see. */
  constructor(mayBeSeen: (name: string) => boolean) {
    this.#mayBeSeen = mayBeSeen
  }

  /** Takes a report of the server that `from` stands for. */
  add(from: unknown, now: ChannelReport): void {
    this.#rows.set(from, { before: this.#rows.get(from)?.now, now })
  }

  remove(from: unknown): void {
    this.#rows.delete(from)
  }

  /** What browsers see. */
  view(): ChannelView[] {
    return [...this.#rows.values()]
      .map((row) => this.#viewOf(row))
      .sort((a, b) => a.channel.localeCompare(b.channel) || a.pid - b.pid)
  }

  #messages(
    kind: MessageView['kind'],
    rows: Readonly<Record<string, HandledReport>>,
    rates: Readonly<Record<string, number>>,
  ): MessageView[] {
    const seen: MessageView[] = []
    const hidden: MessageView[] = []
    for (const [name, { count, failed, p50Ms, p99Ms }] of Object.entries(rows)) {
      const list = this.#mayBeSeen(name) ? seen : hidden
      list.push({ name, kind, total: count, rate: rates[name] ?? 0, failed, p50Ms, p99Ms })
    }
    seen.sort((a, b) => b.rate - a.rate || b.total - a.total)
    if (hidden.length === 0) return seen
    const of = (key: 'total' | 'rate' | 'failed'): number => sum(hidden.map((each) => each[key]))
    const most = (key: 'p50Ms' | 'p99Ms'): number => Math.max(...hidden.map((each) => each[key]))
    const others = { total: of('total'), rate: of('rate'), failed: of('failed') }
    return [...seen, { name: '', kind, ...others, p50Ms: most('p50Ms'), p99Ms: most('p99Ms') }]
  }

  #viewOf({ before, now }: Row): ChannelView {
    const rates = ratesBetween(before ?? now, now)
    const handled = [...Object.values(now.events), ...Object.values(now.requests)]
    return {
      channel: now.channel,
      address: now.address,
      pid: now.pid,
      eventRate: sum(Object.values(rates.events)),
      requestRate: sum(Object.values(rates.requests)),
      errorRate: rates.errors,
      p50Ms: together(handled, 'p50Ms'),
      p99Ms: together(handled, 'p99Ms'),
      bytesReadRate: rates.bytesRead,
      bytesWrittenRate: rates.bytesWritten,
      bufferedBytes: now.queues.bufferedBytes,
      unacknowledged: now.queues.unacknowledged,
      errors: Object.entries(now.errors)
        .map(([code, total]) => ({ code, total }))
        .sort((a, b) => b.total - a.total),
      messages: [
        ...this.#messages('event', now.events, rates.events),
        ...this.#messages('request', now.requests, rates.requests),
      ],
      peers: now.peers.map(({ name, events, requests, bufferedBytes }) => ({
        name,
        messages: events + requests,
        waiting: bufferedBytes,
      })),
      peerCount: now.peerCount,
    }
  }
}
