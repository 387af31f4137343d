import { EventClient } from '@uds/events'
import type { EventServer, ServerPeer } from '@uds/events'
import { counters } from '@uds/stream'

/** What a watched server reports of itself, once a second. All counts are since it began to report. */
export interface Report {
  readonly channel: string
  readonly address: string
  readonly pid: number
  /** Milliseconds by the clock of the reporter, which never goes back. */
  readonly at: number
  /** How many messages have come, by name. */
  readonly messages: Readonly<Record<string, number>>
  readonly peers: readonly PeerReport[]
  /** Of all connections of the process. */
  readonly bytesRead: number
  readonly bytesWritten: number
}

export interface PeerReport {
  readonly name: string
  /** How many messages it has sent. */
  readonly messages: number
  /** Bytes for it that wait in the server. */
  readonly waiting: number
}

/** What is said between watched servers and the monitor. */
export interface Monitoring {
  toServer: { report: Report }
}

/** Where the monitor listens for reports, by default. */
export const MONITOR = 'uds-monitor'

/** A name may be anything that a client says; so many different ones are counted. */
const MOST_NAMES = 200
const OTHERS = '(others)'

export interface ReportOptions {
  /** What the page calls the server. */
  readonly channel: string
  /** The address of the monitor. */
  readonly monitor?: string | undefined
  readonly intervalMs?: number | undefined
}

// #region report
/** Lets the monitor see a server. It costs the server nothing when no monitor runs, and keeps no process alive. */
export const report = <M extends object>(server: EventServer<M>, options: ReportOptions): (() => void) => {
  const messages = new Map<string, number>()
  const byPeer = new WeakMap<ServerPeer<M>, number>()
  server.use((message, next) => {
    const name = messages.has(message.name) || messages.size < MOST_NAMES ? message.name : OTHERS
    messages.set(name, (messages.get(name) ?? 0) + 1)
    byPeer.set(message.peer, (byPeer.get(message.peer) ?? 0) + 1)
    return next()
  })
  // One report may wait, the newest: an old one is of no use.
  const newest = { policy: 'drop-old', limit: 1 } as const
  const client = EventClient.open<Monitoring>(options.monitor ?? MONITOR, {
    name: options.channel,
    offline: newest,
    outgoing: newest,
    reconnect: { maxMs: 1000 },
  }).unref()
  client.on('error', () => {})
  const tell = (): void => {
    const peers = server.peers.map((peer) => ({
      name: peer.name ?? '',
      messages: byPeer.get(peer) ?? 0,
      waiting: peer.bufferedBytes,
    }))
    const { bytesRead, bytesWritten } = counters()
    client.emit('report', {
      channel: options.channel,
      address: server.address,
      pid: process.pid,
      at: performance.now(),
      messages: Object.fromEntries(messages),
      peers,
      bytesRead,
      bytesWritten,
    })
  }
  tell()
  const timer = setInterval(tell, options.intervalMs ?? 1000).unref()
  const stop = (): void => {
    clearInterval(timer)
    void client.close({ graceMs: 0 })
  }
  server.on('close', stop)
  return stop
}
// #endregion
