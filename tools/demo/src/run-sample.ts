import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sample } from './samples.ts'

/** One line of the table. */
export interface Outcome {
  readonly sample: Sample
  readonly ok: boolean
  readonly address: string
  readonly echoed: string
  /** Round trips per second, where the sample counts them. */
  readonly rate: number | undefined
  /** What went wrong, and all that was printed. */
  readonly problem?: string
}

const DEADLINE_MS = 20_000

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  output(): string
}

const run = (sample: Sample, script: string, args: readonly string[]): Running => {
  const child = spawn(process.execPath, [join(sample.directory, script), ...args], {
    cwd: sample.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (text += data.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, ended, output: () => text }
}

/** Waits for a line; undefined when the process ends first. */
const line = async (running: Running, pattern: RegExp): Promise<RegExpExecArray | undefined> => {
  for (;;) {
    const found = pattern.exec(running.output())
    if (found) return found
    const more = Promise.race([once(running.child.stdout!, 'data'), once(running.child.stderr!, 'data')])
    if ((await Promise.race([running.ended.then(() => 'ended'), more])) === 'ended') return undefined
  }
}

const stop = async (running: Running): Promise<void> => {
  running.child.kill('SIGTERM')
  const forced = setTimeout(() => running.child.kill('SIGKILL'), 2000)
  await running.ended
  clearTimeout(forced)
}

const within = async <T>(promise: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${DEADLINE_MS} ms`)), DEADLINE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Runs the two processes of a sample and reads what the client prints. */
export const runSample = async (sample: Sample): Promise<Outcome> => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-'))
  const fill: Record<string, string> = {
    path: join(directory, 's'),
    name: `demo-${randomBytes(4).toString('hex')}`,
  }
  let args = (sample.args ?? ['unix:{path}']).map((arg) =>
    arg.replace(/\{(\w+)\}/g, (_all, key: string) => fill[key]!),
  )
  const started: Running[] = []
  const begin = (script: string): Running => {
    const running = run(sample, script, args)
    started.push(running)
    return running
  }
  let address = args[0] ?? ''
  try {
    if (sample.server) {
      const server = begin(sample.server)
      const found = await within(line(server, /listening on (\S+)/), 'the start of the server')
      if (!found) throw new Error('the server ended before it listened')
      address = found[1]!
      args = [address, ...args.slice(1)]
    }
    const client = begin(sample.client)
    const code = await within(client.ended, 'the client')
    const reply = /reply: (.+)/.exec(client.output())?.[1]
    const rate = /(\d+) round trips per second/.exec(client.output())?.[1]
    if (code !== 0) throw new Error(`the client ended with code ${code}`)
    if (reply === undefined) throw new Error('the client printed no reply')
    return { sample, ok: true, address, echoed: reply, rate: rate === undefined ? undefined : Number(rate) }
  } catch (error) {
    const said = started.map((running) => running.output().trim()).join('\n')
    const problem = `${error instanceof Error ? error.message : String(error)}\n${said}`
    return { sample, ok: false, address, echoed: '', rate: undefined, problem }
  } finally {
    await Promise.all(started.map(stop))
    rmSync(directory, { recursive: true, force: true })
  }
}
