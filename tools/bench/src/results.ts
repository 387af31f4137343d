/** Results: what was measured, as it is printed, kept in a file and compared. */
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import type { Group, Sample, Target } from './row.ts'

export interface RowResult {
  readonly name: string
  /** Nanoseconds (of an idle connection: KiB) for one unit, by the clock and of processor time; one for each round. */
  readonly samples: readonly Sample[]
  readonly target?: Target
}

export interface GroupResult {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly by: Group['by']
  /** What was measured: a group is a run of its own. */
  readonly commit: string
  /** The load of the machine before it. */
  readonly load: number
  readonly rows: readonly RowResult[]
}

export interface Results {
  readonly machine: string
  readonly node: string
  readonly commit: string
  readonly load: number
  readonly date: string
  readonly rounds: number
  readonly groups: readonly GroupResult[]
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** How many times the pace of `base` a row has: the median of the ratios, taken round by round. NaN for a row that failed. */
export const pace = (row: RowResult, base: RowResult, by: Group['by']): number => {
  const rounds = Math.min(row.samples.length, base.samples.length)
  const ratios = Array.from({ length: rounds }, (_, at) => base.samples[at]![by] / row.samples[at]![by])
  return ratios.length === 0 ? Number.NaN : median(ratios)
}

/** Whether a row reaches its target; undefined without one, or without the row that it is of. */
export const reaches = (group: GroupResult, row: RowResult): boolean | undefined => {
  if (row.target === undefined) return undefined
  const base = baseOf(group, row)
  if (base === undefined) return undefined
  return pace(row, base, group.by) >= row.target.least
}

/** The row that a target is of; undefined where that was not measured, or is the row itself. */
export const baseOf = (group: GroupResult, row: RowResult): RowResult | undefined => {
  const of = row.target?.of
  const base = of === undefined ? group.rows[0] : group.rows.find(({ name }) => name === of)
  return base === row || base?.samples.length === 0 ? undefined : base
}

export const commitOf = (): string => {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}

/** The results with those of other groups that were measured before on the same machine: each group names its commit. */
export const merged = (before: Results | undefined, now: Results): Results => {
  if (before === undefined || before.machine !== now.machine || before.node !== now.node) return now
  const titles = new Set(now.groups.map(({ title }) => title))
  return { ...now, groups: [...before.groups.filter(({ title }) => !titles.has(title)), ...now.groups] }
}

export const describeRun = (rounds: number): Omit<Results, 'groups'> => ({
  machine: `${process.platform}-${process.arch} ${release()}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  node: process.version,
  commit: commitOf(),
  load: loadavg()[0] ?? 0,
  date: new Date().toISOString().slice(0, 10),
  rounds,
})
