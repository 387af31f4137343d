/** Asks a server how it is, again and again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { EventClient } from '@uds/events'
import { ratesBetween, serverReport, type Report } from '@uds/events/report'
import { messageRate, type View } from './sections.ts'

export interface FollowOptions {
  readonly channel: string
  readonly token: string | undefined
  /** Milliseconds between two questions. */
  readonly intervalMs: number
  /** Milliseconds in which the server may appear. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Nobody answers: the server is away, or busy. */
  away(reason: Error): void
}

/** Rates of a minute are remembered, for the line of bars. */
const HISTORY = 120

/** Codes of a server that is away, or has no time: it may answer again. */
const PASSES = new Set(['ETIMEDOUT', 'ERR_DISCONNECTED'])

/** Yields what there is to show, once in each interval, until the signal is aborted. */
export const follow = async function* ({
  channel,
  token,
  intervalMs,
  timeoutMs,
  signal,
  away,
}: FollowOptions): AsyncGenerator<View, undefined, undefined> {
  const client = await EventClient.connect(channel, {
    name: 'uds top',
    retryUntilMs: timeoutMs,
    token,
    signal,
  })
  client.on('error', away)
  const history: number[] = []
  let before: Report | undefined
  try {
    while (!signal.aborted) {
      try {
        const report = await serverReport(client, { timeoutMs: Math.max(1000, intervalMs), signal })
        const rates = ratesBetween(before ?? report, report)
        if (before !== undefined) history.push(messageRate(rates))
        if (history.length > HISTORY) history.shift()
        before = report
        yield { channel, report, rates, history }
      } catch (error) {
        if (signal.aborted) return
        if (!PASSES.has((error as NodeJS.ErrnoException).code ?? '')) throw error
        before = undefined
        away(error as Error)
      }
      await sleep(intervalMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    await client.close({ graceMs: 0 })
  }
}
