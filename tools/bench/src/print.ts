/** A group as a table of Markdown. */
import { baseOf, median, pace, reaches, type GroupResult, type Results, type RowResult } from './results.ts'

const number = (value: number): string =>
  Number.isNaN(value) ? '' : value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)

const of = (row: RowResult, by: 'clock' | 'cpu'): number => median(row.samples.map((sample) => sample[by]))

const targetOf = (group: GroupResult, row: RowResult): string => {
  if (row.target === undefined) return ''
  const base = baseOf(group, row)
  const against = row.target.of === undefined ? '' : ` of ${row.target.of}`
  const least = `${row.target.least.toPrecision(2)}${against}`
  if (base === undefined) return `${least}, not measured`
  const met = reaches(group, row)
  const reached = pace(row, base, group.by).toFixed(2)
  return met === true ? `${least}: ${reached}` : `**${least}: MISSED, ${reached}**`
}

/** The column of an earlier run: its own multiple, as nanoseconds of two runs do not compare. */
const earlier = (group: GroupResult, row: RowResult, before: Results | undefined): string => {
  const old = before?.groups.find(({ title }) => title === group.title)
  const same = old?.rows.find(({ name }) => name === row.name)
  const base = old?.rows[0]
  if (old === undefined || same === undefined || base === undefined) return ''
  return pace(same, base, group.by).toFixed(2)
}

/** @param before - An earlier run to put beside it. */
export const table = (group: GroupResult, before?: Results): string => {
  const ns = group.name === 'memory' ? 'KiB' : 'ns'
  const head = [
    group.title,
    `${ns} a ${group.unit}, clock`,
    'x',
    `${ns}, processor`,
    'x',
    `target, times the pace by ${group.by === 'cpu' ? 'processor time' : 'the clock'}`,
    ...(before === undefined ? [] : [`x in ${before.commit}`]),
  ]
  const [base] = group.rows
  const lines = group.rows.map((row) => {
    const lost = row.samples.reduce((sum, sample) => sum + (sample.lost ?? 0), 0)
    if (row.samples.length === 0) return [row.name, 'failed', ...head.slice(2).map(() => '')]
    return [
      lost > 0 ? `${row.name} (${lost} lost)` : row.name,
      number(of(row, 'clock')),
      pace(row, base!, 'clock').toFixed(2),
      number(of(row, 'cpu')),
      pace(row, base!, 'cpu').toFixed(2),
      targetOf(group, row),
      ...(before === undefined ? [] : [earlier(group, row, before)]),
    ]
  })
  const rule = head.map((_, at) => (at === 0 || at === 5 ? '---' : '---:'))
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
