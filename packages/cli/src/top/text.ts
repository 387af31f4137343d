/** Numbers and tables of uds top, as text. */
import { printable } from '../terminal/printable.ts'

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1, useGrouping: false })
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** A count, or a rate. */
export const number = (value: number): string => plain.format(value >= 100 ? Math.round(value) : value)

/** Bytes in units of a thousand: `12.5 KB`. */
export const bytes = (value: number): string => {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1)
  return `${number(value / 1000 ** power)} ${UNITS[power]}`
}

/** Milliseconds with as many digits as mean something. */
export const milliseconds = (value: number): string =>
  value === 0
    ? '-'
    : value < 1
      ? value.toFixed(3)
      : value < 100
        ? value.toFixed(1)
        : String(Math.round(value))

/** The name of a message or a peer, which may be any text: printable, and no longer than a column. */
export const name = (text: string, length = 32): string => {
  const shown = printable(text)
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`
}

/** Lines of a table: the first column to the left, numbers to the right. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

const BARS = '▁▂▃▄▅▆▇█'

/** A line of bars, each as high as its part of the highest. */
export const sparkline = (values: readonly number[]): string => {
  const most = Math.max(...values, Number.MIN_VALUE)
  return values.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))]).join('')
}
