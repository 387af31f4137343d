// Compares builds of this package, and node:net, over one kind of work: two processes and one Unix domain socket, each
// round a new pair, in turns. Prints medians of the processor time (nanoseconds of schedstat) and of the clock.
//   node bench/builds.ts <work>[,<work>] [--against <folder of another checkout>] [--rounds 7] [--count N] [--one-core]
// Works: see subjects/workload.ts.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { hasNet, PLANS } from './subjects/plans.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    count: { type: 'string' },
    'one-core': { type: 'boolean' },
    net: { type: 'boolean' },
  },
})

/** Nanoseconds that a process has run: the first field of proc_pid_schedstat(5), of each thread. */
const busyNs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const [ran] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')
    return sum + Number(ran)
  }, 0)

const said = async (child: ChildProcess, what: string): Promise<void> => {
  const [message] = (await once(child, 'message')) as [unknown]
  if (message !== what) throw new Error(`${String(message)} instead of ${what}`)
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

interface Cost {
  readonly server: number
  readonly client: number
  readonly clock: number
}

/** Microseconds of each unit of work. */
const measure = async (build: string, work: string, count: number, oneCore: boolean): Promise<Cost> => {
  const folder = mkdtempSync(join(tmpdir(), 'uds-builds-'))
  const started: ChildProcess[] = []
  const play = async (role: string, core: string): Promise<ChildProcess> => {
    const script = join(import.meta.dirname, 'subjects', 'workload.ts')
    const child = fork(script, [role, build, work, String(count), join(folder, 's')], {
      execPath: 'taskset',
      execArgv: ['-c', core, process.execPath, '--no-warnings', '--expose-gc'],
    })
    started.push(child)
    await said(child, 'ready')
    return child
  }
  try {
    const server = await play('server', '0')
    const client = await play('client', oneCore ? '0' : '1')
    const pids = [server.pid as number, client.pid as number] as const
    const before = pids.map(busyNs) as [number, number]
    const begin = performance.now()
    const teller = PLANS[work.split(':')[0] as string]?.teller === 'server' ? server : client
    server.send('go')
    client.send('go')
    await said(teller, 'done')
    const clock = ((performance.now() - begin) * 1000) / count
    const after = pids.map(busyNs) as [number, number]
    return {
      server: (after[0] - before[0]) / 1000 / count,
      client: (after[1] - before[1]) / 1000 / count,
      clock,
    }
  } finally {
    for (const child of started) child.kill('SIGKILL')
    await Promise.all(started.map(ended))
    rmSync(folder, { recursive: true, force: true })
  }
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN

const here = resolve(import.meta.dirname, '../../..')
for (const work of (positionals[0] ?? '').split(',')) {
  const plan = PLANS[work.split(':')[0] as string]
  if (plan === undefined) throw new Error(`no such work: ${work}; there are ${Object.keys(PLANS).join(', ')}`)
  const builds = [here, ...(values.against === undefined ? [] : [resolve(values.against)])]
  if (values.net === true && hasNet(work)) builds.push('net')
  const all = builds.map((): Cost[] => [])
  const count = Number(values.count ?? plan.count)
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [at, build] of builds.entries()) {
      all[at]?.push(await measure(build, work, count, values['one-core'] === true))
    }
  }
  for (const [at, build] of builds.entries()) {
    const list = all[at] as Cost[]
    const [server, client, clock] = (['server', 'client', 'clock'] as const).map((key) =>
      median(list.map((one) => one[key])).toFixed(3),
    )
    const both = median(list.map((one) => one.server + one.client)).toFixed(3)
    console.log(
      `${work.padEnd(16)} ${(build === here ? 'this build' : build).padEnd(24)} us each: server ${server}, client ${client}, both ${both}, clock ${clock}`,
    )
  }
}
