/** What a program costs: processor time and memory, medians of runs that are taken in turns. */
import { spawnSync } from 'node:child_process'

/** What each run is: arguments of Node, in a folder. */
export interface Program {
  readonly name: string
  readonly args: readonly string[]
}

export interface Cost {
  /** Milliseconds of processor time, of the user and of the system. */
  readonly cpuMs: number
  /** The most memory that was resident, in bytes. */
  readonly rss: number
}

/** Runs in the measured process, last of all. Bytes: ru_maxrss of getrusage(2) is KiB in Node on every system. */
const report = new URL('./report.mjs', import.meta.url).href

const run = ({ name, args }: Program, cwd: string): Cost => {
  const done = spawnSync(process.execPath, ['--import', report, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const text = done.output[3] ?? ''
  if (text === '') throw new Error(`${name} has measured nothing:\n${done.stderr}`)
  return JSON.parse(text) as Cost
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Runs all of them in turns, so that what else the machine does falls on each. */
export const costs = (
  programs: readonly Program[],
  rounds: number,
  cwd: string,
): ReadonlyMap<string, Cost> => {
  const all = new Map<string, Cost[]>()
  for (let round = 0; round < rounds; round += 1)
    for (const program of programs)
      all.set(program.name, [...(all.get(program.name) ?? []), run(program, cwd)])
  return new Map(
    [...all].map(([name, each]) => [
      name,
      { cpuMs: median(each.map(({ cpuMs }) => cpuMs)), rss: median(each.map(({ rss }) => rss)) },
    ]),
  )
}
