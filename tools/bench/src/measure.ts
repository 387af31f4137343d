/** measure: runs one row once, in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { busyNs } from './processor-time.ts'
import type { Group, Row, Sample } from './row.ts'

const TOO_LONG_MS = 60_000

type Role = 'server' | 'client'

const CORES: Readonly<Record<Group['cores'], Readonly<Record<Role, string>> | undefined>> = {
  one: { server: '0', client: '0' },
  two: { server: '0', client: '1' },
  any: undefined,
}

const pinned = (command: readonly string[], core: string | undefined): [string, ...string[]] =>
  (core === undefined || process.platform !== 'linux'
    ? [...command]
    : ['taskset', '-c', core, ...command]) as [string, ...string[]]

/** A process of the pair. */
class Player {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string> | undefined
  readonly #messages: unknown[] = []
  #wake: (() => void) | undefined
  #ended = false

  constructor(command: readonly string[], usesMessages: boolean, env: NodeJS.ProcessEnv) {
    const [program, ...rest] = command as [string, ...string[]]
    this.child = spawn(program, rest, {
      stdio: usesMessages ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'pipe', 'inherit'],
      env,
    })
    if (this.child.stdout !== null) {
      this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
    }
    this.child.on('message', (message) => {
      this.#messages.push(message)
      this.#wake?.()
    })
    this.child.once('exit', () => {
      this.#ended = true
      this.#wake?.()
    })
  }

  /** The next thing that it says. @throws Error when it ends without. */
  async said(): Promise<string> {
    if (this.#lines !== undefined) {
      const { value, done } = await this.#lines.next()
      if (done !== true) return value
    } else {
      while (this.#messages.length === 0 && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      if (this.#messages.length > 0) return String(this.#messages.shift())
    }
    throw new Error(`${this.child.spawnargs.slice(-8).join(' ')} ended without a result`)
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
  }
}

/** What `busy` of the group makes of the processor time of each process. */
const spentBy = (busy: Group['busy'], spent: readonly number[]): number => {
  if (busy === 'busier') return Math.max(...spent)
  if (busy === 'server') return spent[0] ?? Number.NaN
  return spent.reduce((sum, ns) => sum + ns, 0)
}

const argumentsOf = (row: Row, role: Role, address: string, count: number, build: string): string[] =>
  row.protocol === 'messages'
    ? [role, row.variant === 'net' ? 'net' : build, row.work, String(count), address]
    : [role, address, row.work, String(count), String(row.size), row.variant]

/**
 * Runs a row once.
 *
 * @param build - The folder of the checkout that is measured.
 * @param scale - What to multiply its count by.
 */
export const measure = async (group: Group, row: Row, build: string, scale: number): Promise<Sample> => {
  const folder = mkdtempSync(join(tmpdir(), 'uds-bench-'))
  const count = Math.max(1, Math.round((row.count * scale) / row.step)) * row.step
  const env = { ...process.env, UDS_BENCH_BUILD: build }
  const players: Player[] = []
  const play = (role: Role): Player => {
    const command = [...row.command, ...argumentsOf(row, role, join(folder, 's'), count, build)]
    const player = new Player(pinned(command, CORES[group.cores]?.[role]), row.protocol === 'messages', env)
    players.push(player)
    return player
  }
  const timer = setTimeout(() => players.forEach(({ child }) => child.kill('SIGKILL')), TOO_LONG_MS)
  try {
    const server = play('server')
    const [, forked] = (await server.said()).split(' ')
    const client = row.alone === undefined ? play('client') : undefined
    await client?.said()
    const pids = [server.child.pid, ...(forked === undefined ? [] : [Number(forked)]), client?.child.pid]
    const running = pids.filter((pid) => pid !== undefined)
    const before = running.map(busyNs)
    const startedAt = performance.now()
    if (row.protocol === 'messages') for (const { child } of players) child.send('go')
    const told = await (row.teller === 'server' || client === undefined ? server : client).said()
    const clock = (performance.now() - startedAt) * 1e6
    const cpu = spentBy(
      group.busy,
      running.map((pid, at) => busyNs(pid) - before[at]!),
    )
    if (row.protocol === 'messages') return { clock: clock / count, cpu: cpu / count }
    const result = JSON.parse(told) as { perSecond?: number; lost?: number; kib?: number }
    if (result.kib !== undefined) return { clock: result.kib, cpu: result.kib }
    const lost = result.lost ?? 0
    return {
      clock: 1e9 / (result.perSecond ?? Number.NaN),
      cpu: cpu / (count - lost),
      ...(lost > 0 && { lost }),
    }
  } finally {
    clearTimeout(timer)
    await Promise.all(players.map((player) => player.end()))
    rmSync(folder, { recursive: true, force: true })
  }
}
