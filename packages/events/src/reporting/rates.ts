/** Rates: what lies between two reports. */
import type { HandledReport } from './handled.ts'
import type { Report } from './reporter.ts'

/** A second's worth, between two reports of one end. */
export interface Rates {
  /** Events handled, by name. */
  readonly events: Readonly<Record<string, number>>
  /** Requests handled, by name. */
  readonly requests: Readonly<Record<string, number>>
  /** Errors that nobody awaits, those of listeners among them, and requests that failed. */
  readonly errors: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

type Handled = Readonly<Record<string, HandledReport>>

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}

const failures = ({ requests, errors }: Report): number =>
  sum(Object.values(errors)) + sum(Object.values(requests).map(({ failed }) => failed))

/**
 * What was done in a second, between two reports of one end; nothing where the second is no later, or where the end has
 * begun to count anew in between.
 */
export const ratesBetween = (before: Report, now: Report): Rates => {
  const seconds = (now.at - before.at) / 1000
  const rate = (from: number, to: number): number => (seconds > 0 && to >= from ? (to - from) / seconds : 0)
  const all = (from: Handled, to: Handled): Record<string, number> =>
    Object.fromEntries(
      Object.entries(to).map(([name, { count }]) => [name, rate(from[name]?.count ?? 0, count)]),
    )
  return {
    events: all(before.events, now.events),
    requests: all(before.requests, now.requests),
    errors: rate(failures(before), failures(now)),
    bytesRead: rate(before.bytesRead, now.bytesRead),
    bytesWritten: rate(before.bytesWritten, now.bytesWritten),
  }
}
