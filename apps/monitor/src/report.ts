import { EventClient } from '@uds/events'
import type { EventServer } from '@uds/events'
import { report, type Report, type Reporter } from '@uds/events/report'

/** What is said between watched servers and the monitor. */
export interface Monitoring {
  toServer: { report: ChannelReport }
}

/** A report, and what the page calls the server. */
export interface ChannelReport extends Report {
  readonly channel: string
}

/** Where the monitor listens for reports, by default. */
export const MONITOR = 'uds-monitor'

export interface ReportOptions {
  /** What the page calls the server. */
  readonly channel: string
  /** The address of the monitor. */
  readonly monitor?: string | undefined
  readonly intervalMs?: number | undefined
}

// #region report
/** Lets the monitor see a server. It costs the server nothing when no monitor runs, and keeps no process alive. */
export const reportTo = <M extends object>(server: EventServer<M>, options: ReportOptions): (() => void) => {
  const { channel, intervalMs = 1000 } = options
  // One report may wait, the newest: an old one is of no use.
  const newest = { policy: 'drop-old', limit: 1 } as const
  const client = EventClient.open<Monitoring>(options.monitor ?? MONITOR, {
    name: channel,
    offline: newest,
    outgoing: newest,
    reconnect: { maxMs: 1000 },
  }).unref()
  client.on('error', () => {})
  let reporter: Reporter | undefined
  client.on('connect', () => {
    reporter = report(server)
  })
  client.on('disconnect', () => {
    reporter?.close()
    reporter = undefined
  })
  const timer = setInterval(() => {
    if (reporter) client.emit('report', { ...reporter.read(), channel })
  }, intervalMs).unref()
  const stop = (): void => {
    clearInterval(timer)
    reporter?.close()
    void client.close({ graceMs: 0 })
  }
  server.on('close', stop)
  return stop
}
// #endregion
