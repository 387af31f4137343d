import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Notes, Work } from './subjects/subject.ts'

/** One thing that is measured. */
export interface Subject {
  readonly name: string
  /** The command that plays both parts: the arguments of `subjects/subject.ts` are added. */
  readonly command: readonly [string, ...string[]]
  /** Arguments behind those. */
  readonly extra?: readonly string[]
  /** The server starts the client by itself. */
  readonly alone?: boolean
}

/** Both processes on one core: then the cost in processor time is measured, and not how long a core takes to wake. */
const onOneCore = (command: readonly string[], pinned: boolean): string[] =>
  pinned ? ['taskset', '-c', '0', ...command] : [...command]

const TOO_LONG_MS = 60_000

/** What a pair of processes did. */
export interface Measured extends Notes {
  /** By the clock. */
  readonly perSecond: number
  /**
   * By processor time: what it would be with a core for each process (one way), or one core for both (round trips), and
   * nobody else on them. On a busy machine this is the one to look at. NaN where there is no /proc.
   */
  readonly perCpuSecond: number
}

/** Seconds of processor time that a process took so far: user and system, fields 14 and 15 of proc_pid_stat(5). */
const cpuSeconds = (pid: number | undefined): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

/** A process of the pair, which says one line at a time. */
class Player {
  readonly child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>
  #clocks = new Map<number | undefined, number>()

  constructor(command: readonly string[]) {
    const [program, ...rest] = command as [string, ...string[]]
    this.child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]()
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${this.child.spawnargs.join(' ')} ended without a result`)
    return value
  }

  startClock(pid: number | undefined = this.child.pid): void {
    this.#clocks.set(pid, cpuSeconds(pid))
  }

  /** Of each process whose clock was started. */
  get spent(): number[] {
    return [...this.#clocks].map(([pid, before]) => cpuSeconds(pid) - before)
  }
}

/** Runs a pair of processes. */
export const measure = async (
  subject: Subject,
  work: Work,
  count: number,
  pinned: boolean,
): Promise<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), 'uds-bench-'))
  const play = (role: string): Player => {
    const command = [
      ...subject.command,
      role,
      join(folder, 's'),
      work,
      String(count),
      ...(subject.extra ?? []),
    ]
    return new Player(onOneCore(command, pinned))
  }
  const players: Player[] = []
  const timer = setTimeout(() => players.forEach(({ child }) => child.kill('SIGKILL')), TOO_LONG_MS)
  try {
    const server = play('server')
    players.push(server)
    const [, other] = (await server.line()).split(' ')
    if (subject.alone === true) server.startClock(Number(other))
    else {
      const client = play('client')
      players.push(client)
      await client.line()
    }
    for (const player of players) player.startClock()
    const teller = work === 'one-way' ? server : players.at(-1)
    const told = JSON.parse(await (teller as Player).line()) as Notes & { readonly perSecond: number }
    const spent = players.flatMap((player) => player.spent)
    const oneWay = work === 'one-way' || work === 'send'
    const busy = oneWay ? Math.max(...spent) : spent.reduce((sum, seconds) => sum + seconds, 0)
    return { ...told, perCpuSecond: (count - (told.lost ?? 0)) / busy }
  } finally {
    clearTimeout(timer)
    for (const { child } of players) child.kill('SIGKILL')
    await Promise.all(
      players.map(async ({ child }) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit'))),
    )
    rmSync(folder, { recursive: true, force: true })
  }
}
