/** `pnpm bench`: measures every layer beside node:net, C and other libraries, in turns; prints tables with the targets. */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readArguments, readResults, USAGE, type Arguments } from './arguments.ts'
import { drawChart } from './chart.ts'
import { measure } from './measure.ts'
import { installPeers } from './peers.ts'
import { table } from './print.ts'
import { describeRun, merged, reaches, type GroupResult, type Results } from './results.ts'
import type { Group, Row, Sample } from './row.ts'
import { eventsGroups } from './rows/events.ts'
import { streamGroups } from './rows/streams.ts'

const root = resolve(import.meta.dirname, '../../..')
/** Short runs: code that is not compiled yet is part of them. */
const QUICK_SCALE = 0.3
/** For the test of this program: fewer still. */
const scaleOf = (options: Arguments): number =>
  Number(process.env['UDS_BENCH_SCALE'] ?? (options.quick ? QUICK_SCALE : 1))

/** A row, and the checkout that it is measured in. */
interface Contender {
  readonly row: Row
  readonly build: string
  readonly name: string
}

const contendersOf = (group: Group, otherBuild: string | undefined): Contender[] =>
  group.rows.flatMap((row) => [
    { row, build: root, name: row.name },
    ...(otherBuild !== undefined && row.ours === true
      ? [{ row, build: otherBuild, name: `${row.name}, ${otherBuild.split('/').at(-1)}` }]
      : []),
  ])

const measureGroup = async (group: Group, options: Arguments): Promise<GroupResult> => {
  const { commit, load } = describeRun(options.repeat)
  const contenders = contendersOf(group, options.otherBuild)
  const samples = contenders.map((): Sample[] => [])
  const failed = new Set<number>()
  for (let round = 0; round < options.repeat; round++) {
    for (const turn of contenders.keys()) {
      // None is always the first, or always behind the same one.
      const at = (turn + round) % contenders.length
      const { row, build, name } = contenders[at]!
      if (failed.has(at)) continue
      try {
        samples[at]!.push(await measure(group, row, build, scaleOf(options)))
      } catch (error) {
        failed.add(at)
        samples[at]!.length = 0
        console.error(`${name}: ${(error as Error).message}`)
      }
    }
  }
  const rows = contenders.map(({ row, build, name }, at) => ({
    name,
    samples: samples[at]!,
    // A target is this build's.
    ...(row.target !== undefined && build === root && { target: row.target }),
  }))
  const { name, title, unit, by } = group
  return { name, title, unit, by, commit, load, rows }
}

const chosen = (options: Arguments): Group[] => {
  const peers = options.peers ? installPeers() : undefined
  if (peers !== undefined) process.env['UDS_PEERS'] = peers.folder
  const all = [...eventsGroups(peers), ...streamGroups()]
  if (options.list) for (const { name, title } of all) console.log(`${name.padEnd(20)} ${title}`)
  const { only } = options
  const named = all.filter(({ name }) => only.some((each) => name.startsWith(each)))
  if (only.length > 0 && named.length === 0) {
    throw new Error(
      `no group begins with ${only.join(' or ')}: ${[...new Set(all.map(({ name }) => name))].join(', ')}`,
    )
  }
  return only.length > 0 ? named : all.filter(({ quick }) => quick || !options.quick)
}

const measureAll = async (options: Arguments): Promise<Results> => {
  const about = describeRun(options.repeat)
  const groups: GroupResult[] = []
  for (const group of chosen(options)) {
    const result = await measureGroup(group, options)
    groups.push(result)
    console.log(`${table(result, options.before)}\n`)
  }
  return { ...about, groups }
}

/** The benches of other rooms, each a program with targets of its own. */
const DOORS = ['tools/pack-check/bench/main.ts', 'packages/wasi-host/bench/main.ts']

const main = async (): Promise<void> => {
  const options = readArguments(process.argv.slice(2))
  if (options.list) {
    chosen(options)
    return
  }
  if (options.from !== undefined) for (const group of options.from.groups) console.log(`${table(group)}\n`)
  const { machine, node, commit, load, rounds } = options.from ?? describeRun(options.repeat)
  console.log(
    `${machine}, Node ${node}, commit ${commit}, load ${load.toFixed(1)} at the start, ${rounds} rounds\n`,
  )
  const results = options.from ?? (await measureAll(options))
  if (options.json !== undefined) {
    const before = existsSync(options.json) ? readResults(options.json) : undefined
    writeFileSync(options.json, `${JSON.stringify(merged(before, results))}\n`)
  }
  if (options.chart !== undefined) writeFileSync(options.chart, drawChart(results))
  const missed = results.groups.flatMap((group) =>
    group.rows.filter((row) => reaches(group, row) === false).map((row) => `${group.title}: ${row.name}`),
  )
  console.log(missed.length === 0 ? 'every target is met' : `missed:\n  ${missed.join('\n  ')}`)
  if (options.doors) {
    for (const file of DOORS) spawnSync(process.execPath, [join(root, file)], { stdio: 'inherit' })
  }
}

try {
  await main()
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
