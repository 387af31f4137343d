import type { Outcome } from './run-sample.ts'

const short = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 3)}...` : text

/** The outcomes as a table for people: one line each, and below it what went wrong. */
export const table = (outcomes: readonly Outcome[], system: string): string => {
  const rows = outcomes.map(({ sample, ok, address, echoed, rate }) => [
    sample.layer.replace('@uds/', ''),
    sample.title,
    system,
    short(address, 34),
    short(echoed, 30),
    rate === undefined ? '-' : rate.toLocaleString('en'),
    ok ? 'ok' : 'FAILED',
  ])
  const all = [['layer', 'sample', 'system', 'address', 'echoed', 'round trips/s', ''], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column === 5 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
  const problems = outcomes.flatMap(({ sample, problem }) => (problem ? [`\n${sample.app}: ${problem}`] : []))
  return [...lines, ...problems].join('\n')
}
