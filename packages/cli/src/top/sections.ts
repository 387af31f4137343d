/** What uds top shows of a report, as lines. */
import type { HandledReport, Rates, Report } from '@uds/events/report'
import { bytes, milliseconds, name, number, sparkline, table } from './text.ts'

/** A report, what lies between it and the one before, and the rates of messages until now. */
export interface View {
  readonly channel: string
  readonly report: Report
  readonly rates: Rates
  readonly history: readonly number[]
}

/** How the parts of the screen are set off; without colours they stay as they are. */
export interface Styles {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
}

const handled = (
  title: string,
  rows: Readonly<Record<string, HandledReport>>,
  rates: Readonly<Record<string, number>>,
): string[] => {
  const busiest = Object.entries(rows).sort(
    ([a, { count: ofA }], [b, { count: ofB }]) => (rates[b] ?? 0) - (rates[a] ?? 0) || ofB - ofA,
  )
  return table(
    [title, '/s', 'total', 'failed', 'p50 ms', 'p99 ms'],
    busiest.map(([each, { count, failed, p50Ms, p99Ms }]) => [
      name(each),
      number(rates[each] ?? 0),
      String(count),
      String(failed),
      milliseconds(p50Ms),
      milliseconds(p99Ms),
    ]),
  )
}

const peers = ({ peers: listed, peerCount }: Report): string[] => {
  const lines = table(
    ['PEER', 'events', 'requests', 'waiting', 'unacknowledged', 'dropped'],
    listed.map((peer) => [
      peer.name === '' ? '(no name)' : name(peer.name),
      String(peer.events),
      String(peer.requests),
      bytes(peer.bufferedBytes),
      String(peer.unacknowledged),
      String(peer.dropped),
    ]),
  )
  return peerCount > listed.length ? [...lines, `and ${peerCount - listed.length} more`] : lines
}

const errors = ({ errors: found }: Report): string[] =>
  table(
    ['ERROR', 'total'],
    Object.entries(found)
      .sort(([, a], [, b]) => b - a)
      .map(([code, count]) => [name(code), String(count)]),
  )

/** A section with nothing in it is not shown. */
const sections = ({ report, rates }: View): string[][] =>
  [
    handled('EVENT', report.events, rates.events),
    handled('REQUEST', report.requests, rates.requests),
    errors(report),
    peers(report),
  ].filter((lines) => lines.length > 1)

/** Fewest lines of a section that is shown: an empty one, its head, a row, and how many more there are. */
const LEAST = 4

/** As many sections as have room, the first of them; each gets its share, and what the short ones leave. */
const fit = (wanted: readonly string[][], room: number): string[][] => {
  const shown = wanted.slice(0, Math.floor(room / LEAST))
  let left = room
  return shown.map((lines, index) => {
    const share = Math.floor(left / (shown.length - index)) - 1
    const some =
      lines.length <= share ? lines : [...lines.slice(0, share - 1), `… ${lines.length - share + 1} more`]
    left -= some.length + 1
    return some
  })
}

const total = (rates: Readonly<Record<string, number>>): number =>
  Object.values(rates).reduce((sum, each) => sum + each, 0)

/** Messages of all kinds in a second. */
export const messageRate = ({ events, requests }: Rates): number => total(events) + total(requests)

const summary = ({ report, rates }: View): string => {
  const { queues } = report
  return [
    `${report.peerCount} ${report.peerCount === 1 ? 'peer' : 'peers'}`,
    `in ${bytes(rates.bytesRead)}/s`,
    `out ${bytes(rates.bytesWritten)}/s`,
    `waiting ${bytes(queues.bufferedBytes)}`,
    `unacknowledged ${queues.unacknowledged}`,
  ].join('   ')
}

/** The whole screen, in no more than so many lines of so many columns. */
export const screen = (view: View, rows: number, columns: number, styles: Styles): string => {
  const { channel, report, rates, history } = view
  const rate = `${number(total(rates.events))} events/s   ${number(total(rates.requests))} requests/s`
  const failing = rates.errors > 0 ? `   ${styles.red(`${number(rates.errors)} errors/s`)}` : ''
  const head = [
    `${styles.bold(name(channel))}  ${styles.dim(`${report.address}, process ${report.pid}`)}`,
    summary(view),
    `${rate}${failing}   ${styles.dim(sparkline(history.slice(-Math.max(10, columns - 45))))}`,
  ]
  const body = fit(sections(view), rows - head.length - 1).flatMap(([title = '', ...lines]) => [
    '',
    styles.dim(title),
    ...lines,
  ])
  return [...head, ...body].join('\n')
}

/** The same as lines that each stand for themselves, for a file or another program. */
export const lines = ({ report, rates }: View): string[] => {
  const time = new Date().toISOString()
  const of = (
    kind: string,
    rows: Readonly<Record<string, HandledReport>>,
    each: Readonly<Record<string, number>>,
  ): string[] =>
    Object.entries(rows).map(
      ([key, { count, failed, p50Ms, p99Ms }]) =>
        `${time} ${kind} ${name(key)} rate ${number(each[key] ?? 0)}/s total ${count} failed ${failed} p50 ${milliseconds(p50Ms)} ms p99 ${milliseconds(p99Ms)} ms`,
    )
  return [
    `${time} ${summary({ report, rates } as View).replaceAll('   ', ', ')}`,
    ...of('event', report.events, rates.events),
    ...of('request', report.requests, rates.requests),
    ...Object.entries(report.errors).map(([code, count]) => `${time} error ${name(code)} total ${count}`),
  ]
}
