// Measures this package against node:net, C and, with --peers, other libraries: the same work, two processes, one Unix
// domain socket, 64 bytes of payload, in one run. Prints medians and ratios.
//   node bench/main.ts [--peers | --peers-in <folder>] [--repeat 3] [--only <part of a title>]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Measured, measure, type Subject } from './pair.ts'
import { installPeers, peersIn } from './peers.ts'
import type { Work } from './subjects/subject.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean' },
    'peers-in': { type: 'string' },
    repeat: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
})
const repeat = Number(values.repeat)
const here = (file: string): string => join(import.meta.dirname, 'subjects', file)
const script = (name: string, file: string, ...extra: string[]): Subject => ({
  name,
  command: [process.execPath, '--no-warnings', '--expose-gc', here(file)],
  extra,
})

interface Row {
  readonly subject: Subject
  readonly work: Work
  readonly count: number
  readonly pinned: boolean
  /** What the issue wants of it, in multiples of the first row. */
  readonly wanted?: number
}

interface Table {
  readonly title: string
  readonly rows: readonly Row[]
}

const folder = mkdtempSync(join(tmpdir(), 'uds-bench-c-'))
const compiled = (): Subject | undefined => {
  try {
    execFileSync('cc', ['-O2', '-o', join(folder, 'peer'), here('peer.c')])
    return { name: 'C', command: [join(folder, 'peer')] }
  } catch {
    console.log('no C compiler: C is left out')
    return undefined
  }
}
const c = compiled()
const givenPeers = values['peers-in']
const wantsPeers = values.peers === true || givenPeers !== undefined
const peers = wantsPeers ? (givenPeers === undefined ? installPeers() : peersIn(givenPeers)) : undefined
if (peers !== undefined) process.env['UDS_PEERS'] = peers.folder
const libraries =
  peers === undefined
    ? []
    : ['node-ipc', '@achrinza/node-ipc', 'ws', 'zeromq', 'socket.io', 'birpc', 'vscode-jsonrpc']
const others = libraries
  .filter((name) => !peers?.failed.includes(name))
  .map((name) => script(name, 'peers.mjs', name))

const alone = (name: string, serialization: string): Subject => ({
  ...script(name, 'child-process.ts', serialization),
  alone: true,
})
const builtIn = [alone('child_process json', 'json'), alone('child_process advanced', 'advanced')]
const unixevents = peers?.failed.includes('unixevents') === false

const row = (subject: Subject, work: Work, count: number, pinned: boolean, wanted?: number): Row => ({
  subject,
  work,
  count,
  pinned,
  ...(wanted !== undefined && { wanted }),
})
const tables: readonly Table[] = [
  {
    title: 'One way, messages a second',
    rows: [
      row(
        script('node:net, a write for each, waiting for drain', 'net-naive.ts'),
        'one-way',
        1_000_000,
        false,
      ),
      row(script('node:net, 256 under one cork', 'net-corked.ts'), 'one-way', 5_000_000, false),
      ...(c === undefined ? [] : [row(c, 'one-way', 2_000_000, false)]),
      row(script('@uds/events json emit', 'uds.ts', 'json'), 'one-way', 4_000_000, false, 4.5),
      row(script('@uds/events raw emit', 'uds.ts', 'raw'), 'one-way', 8_000_000, false, 10),
      row(script('@uds/events msgpack emit', 'uds.ts', 'msgpack'), 'one-way', 2_000_000, false),
      row(script('@uds/events json send, 1024 at once', 'uds.ts', 'json'), 'send', 1_000_000, false, 2),
      row(script('unixevents mode, frames', 'linker-upgrade.ts', 'text'), 'one-way', 1_000_000, false),
      row(script('unixevents mode, upgraded', 'linker-upgrade.ts', 'native'), 'send', 1_000_000, false),
      ...builtIn.map((subject) => row(subject, 'one-way', 300_000, false)),
      ...others.map((subject) => row(subject, 'one-way', 200_000, false)),
    ],
  },
  {
    title: 'Round trips a second, both processes on one core',
    rows: [
      row(script('node:net ping-pong', 'net-ping.ts'), 'ping-1', 100_000, true),
      ...(c === undefined ? [] : [row(c, 'ping-1', 200_000, true)]),
      row(script('@uds/events json request', 'uds.ts', 'json'), 'ping-1', 100_000, true, 0.85),
      row(script('@uds/events json request, 64 at once', 'uds.ts', 'json'), 'ping-64', 400_000, true, 5),
      ...builtIn.map((subject) => row(subject, 'ping-1', 50_000, true)),
      ...others.map((subject) => row(subject, 'ping-1', 20_000, true)),
    ],
  },
  {
    title: 'unixevents, one way, bursts of 200',
    rows: [
      ...(unixevents
        ? [row(script('unixevents 1.5.2', 'linker.ts', 'unixevents'), 'one-way', 200_000, false)]
        : []),
      row(script('@uds/events in unixevents mode', 'linker.ts', 'uds'), 'one-way', 500_000, false, 2.5),
    ],
  },
  {
    title: 'unixevents, round trips a second, both processes on one core',
    rows: [
      ...(unixevents
        ? [row(script('unixevents 1.5.2', 'linker.ts', 'unixevents'), 'ping-1', 50_000, true)]
        : []),
      row(script('@uds/events in unixevents mode', 'linker.ts', 'uds'), 'ping-1', 50_000, true),
    ],
  },
  {
    title: 'Broadcast to 1,000 clients in one process, deliveries a second',
    rows: [row(script('@uds/events json broadcast', 'many.ts'), 'ping-1', 300_000, false)],
  },
]

const ratio = (value: number, of: number | undefined): string => (value / (of ?? Number.NaN)).toFixed(2)
const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
/** What the runs found out besides the speed. */
const notesOf = (list: readonly Measured[]): string => {
  const lost = list.flatMap((one) => one.lost ?? [])
  const memory = list.flatMap((one) => one.kibPerClient ?? [])
  return [
    ...(lost.length > 0 ? [`${lost.reduce((sum, one) => sum + one, 0)} lost`] : []),
    ...(memory.length > 0 ? [`${median(memory).toFixed(1)} KiB for each idle client`] : []),
  ].join(', ')
}
const thousands = (value: number): string => Math.round(value).toLocaleString('en')
const cpu = cpus()[0]?.model ?? 'unknown'
console.log(
  `Node ${process.version}, ${availableParallelism()} x ${cpu}, load ${loadavg()[0]?.toFixed(1)} at the start\n`,
)

try {
  for (const { title, rows } of tables.filter((table) => table.title.includes(values.only))) {
    const results = rows.map((): Measured[] => [])
    // Interleaved, so that a noisy minute hits all of them.
    for (let round = 0; round < repeat; round++) {
      for (const [at, { subject, work, count, pinned }] of rows.entries()) {
        try {
          results[at]?.push(await measure(subject, work, count, pinned))
        } catch (error) {
          console.error(`${subject.name}: ${(error as Error).message}`)
        }
      }
    }
    const speeds = results.map((list) => ({
      clock: median(list.map(({ perSecond }) => perSecond)),
      cpu: median(list.map(({ perCpuSecond }) => perCpuSecond)),
    }))
    const [base] = speeds
    console.log(
      `| ${title} | by the clock | x | by processor time | x | wanted | |\n| --- | --- | --- | --- | --- | --- | --- |`,
    )
    for (const [at, { clock, cpu: busy }] of speeds.entries()) {
      const { subject, wanted } = rows[at] as Row
      const notes = notesOf(results[at] as Measured[])
      console.log(
        `| ${subject.name} | ${thousands(clock)} | ${ratio(clock, base?.clock)} | ${thousands(busy)} | ${ratio(busy, base?.cpu)} | ${wanted ?? ''} | ${notes} |`,
      )
    }
    console.log()
  }
} finally {
  peers?.remove()
  rmSync(folder, { recursive: true, force: true })
}
