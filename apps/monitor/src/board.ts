import type { PeerReport, Report } from './report.ts'

/** What a browser sees of one channel. */
export interface ChannelView {
  readonly channel: string
  readonly address: string
  readonly pid: number
  /** Messages a second that come in. */
  readonly rate: number
  readonly bytesReadRate: number
  readonly bytesWrittenRate: number
  /** Only names of the allow-list; the others together are the last. */
  readonly messages: readonly { readonly name: string; readonly total: number; readonly rate: number }[]
  readonly peers: readonly PeerReport[]
  readonly peerCount: number
}

/** More peers than this are counted, and not listed. */
const MOST_PEERS = 100
const MOST_TEXT = 200

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST_TEXT
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Reports come from other processes: what is not one is not shown. */
export const isReport = (value: unknown): value is Report => {
  if (!isObject(value)) return false
  const { channel, address, pid, at, messages, peers, bytesRead, bytesWritten } = value
  return (
    isText(channel) &&
    isText(address) &&
    [pid, at, bytesRead, bytesWritten].every(isCount) &&
    isObject(messages) &&
    Object.values(messages).every(isCount) &&
    Array.isArray(peers) &&
    peers.every(
      (peer: unknown) =>
        isObject(peer) && isText(peer['name']) && isCount(peer['messages']) && isCount(peer['waiting']),
    )
  )
}

interface Row {
  readonly before: Report | undefined
  readonly now: Report
}

const perSecond = (now: number, before: number | undefined, seconds: number): number =>
  before === undefined || seconds <= 0 ? 0 : Math.max(0, (now - before) / seconds)

/** The channels that are alive, each with its last two reports: a rate is what lies between them. */
export class Board {
  readonly #mayBeSeen: (name: string) => boolean
  readonly #rows = new Map<unknown, Row>()

  /** @param mayBeSeen - the allow-list: the names of messages that browsers may see. */
  constructor(mayBeSeen: (name: string) => boolean) {
    this.#mayBeSeen = mayBeSeen
  }

  /** Takes a report of the server that `from` stands for. */
  add(from: unknown, now: Report): void {
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

  #viewOf({ before, now }: Row): ChannelView {
    const seconds = before ? (now.at - before.at) / 1000 : 0
    const rateOf = (key: 'bytesRead' | 'bytesWritten'): number => perSecond(now[key], before?.[key], seconds)
    const seen = new Map<string, { total: number; rate: number }>()
    const others = { total: 0, rate: 0 }
    for (const [name, total] of Object.entries(now.messages)) {
      const old = before && (before.messages[name] ?? 0)
      const rate = perSecond(total, old, seconds)
      if (this.#mayBeSeen(name)) seen.set(name, { total, rate })
      else {
        others.total += total
        others.rate += rate
      }
    }
    const messages = [...seen]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => b.rate - a.rate || b.total - a.total)
    if (others.total > 0) messages.push({ name: '', ...others })
    return {
      channel: now.channel,
      address: now.address,
      pid: now.pid,
      rate: messages.reduce((sum, { rate }) => sum + rate, 0),
      bytesReadRate: rateOf('bytesRead'),
      bytesWrittenRate: rateOf('bytesWritten'),
      messages,
      peers: now.peers
        .slice(0, MOST_PEERS)
        .map(({ name, messages: count, waiting }) => ({ name, messages: count, waiting })),
      peerCount: now.peers.length,
    }
  }
}
