/**
 * `node bench/main.ts [--quick]`: 64-byte ping-pong and 64 KiB one-way, between two processes, against C and node:net in
 * the same run. Prints the best of several runs and ratios, and fails when a ratio is worse than was promised.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onWindows } from '../src/system.ts'

const quick = process.argv.includes('--quick')
const REPEATS = quick ? 5 : 15
// A call that the system serves by another process, as Wine does, takes ten times as long.
const SCALE = (onWindows ? 0.1 : 1) * (quick ? 0.5 : 1)
const ROUNDS = 20_000 * SCALE
const BLOCKS = 10_000 * SCALE

const directory = mkdtempSync(join(tmpdir(), 'uds-bench-'))
const program = (name: string): string => join(import.meta.dirname, name)

/** A program on each end, and its arguments behind the role, the address and the count. */
interface Contender {
  readonly name: string
  readonly command: readonly string[]
  readonly mode: readonly string[]
}

const node = (file: string): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  program(file),
]

const compile = (): string | undefined => {
  // `pnpm test:windows` has made it, as there is no compiler under Wine.
  const made = program('peer.windows.exe')
  if (onWindows && existsSync(made)) return made
  const output = join(directory, onWindows ? 'peer.exe' : 'peer')
  try {
    const [compiler, source] = onWindows ? ['gcc', 'peer.windows.c'] : ['cc', 'peer.c']
    execFileSync(compiler, ['-O2', '-o', output, program(source)], { stdio: ['ignore', 'ignore', 'inherit'] })
    return output
  } catch {
    return undefined
  }
}

let counter = 0
const freshAddress = (): string => {
  counter += 1
  return onWindows ? `\\\\.\\pipe\\uds-bench-${process.pid}-${counter}` : join(directory, `s${counter}`)
}

/** Both ends on one core: then a round trip costs two switches and nothing depends on which cores are near. */
const pin = (command: readonly string[]): string[] =>
  process.platform === 'linux' ? ['taskset', '-c', '0', ...command] : [...command]

const run = (command: readonly string[]): { firstLine: Promise<string>; ended: Promise<void> } => {
  const [file = '', ...args] = pin(command)
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const firstLine = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('close', () => reject(new Error(`${command.join(' ')} printed nothing`)))
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return { firstLine, ended }
}

const measure = async (contender: Contender, role: 'ping' | 'send', count: number): Promise<number> => {
  const address = freshAddress()
  const server = run([...contender.command, 'server', address, ...contender.mode])
  await server.firstLine
  const client = run([...contender.command, role, address, String(count), ...contender.mode])
  const result = Number(await client.firstLine)
  await Promise.all([server.ended, client.ended])
  return result
}

/** The best of several runs: whatever disturbs a run only ever makes it slower. */
const best = (role: 'ping' | 'send', values: readonly number[]): number =>
  role === 'ping' ? Math.min(...values) : Math.max(...values)

/** Rounds of all contenders in turn, so that what disturbs the machine disturbs all of them. */
const compare = async (
  contenders: readonly Contender[],
  role: 'ping' | 'send',
  count: number,
): Promise<Map<string, number>> => {
  const results = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let repeat = 0; repeat < REPEATS; repeat += 1)
    for (const each of contenders) results.get(each.name)?.push(await measure(each, role, count))
  return new Map([...results].map(([name, values]) => [name, best(role, values)]))
}

type Goal = readonly ['at most' | 'at least', number]

let failed = false
/** Tells a ratio. The goals were set for sockets: Wine's pipes are Wine's own programs, and are only told of. */
const judge = (text: string, ratio: number, goal?: Goal): void => {
  if (Number.isNaN(ratio)) return
  if (goal === undefined || onWindows) {
    console.log(`       ${text}: ${ratio.toFixed(2)}`)
    return
  }
  const [kind, limit] = goal
  const isGood = kind === 'at most' ? ratio <= limit : ratio >= limit
  failed ||= !isGood
  console.log(`  ${isGood ? 'ok  ' : 'FAIL'} ${text}, ${kind} ${limit}: ${ratio.toFixed(2)}`)
}

const main = async (): Promise<void> => {
  console.log(
    `node ${process.version}, ${process.platform}-${process.arch}, ${cpus()[0]?.model ?? 'unknown CPU'}`,
  )
  const peer = compile()
  const pipes: Contender = { name: 'pipes', command: node('pipes-peer.ts'), mode: [] }
  const timed: Contender = { name: 'pipes with a timeout', command: node('pipes-peer.ts'), mode: ['poll'] }
  const net: Contender = { name: 'node:net', command: node('net-peer.ts'), mode: [] }
  const c: Contender[] = peer === undefined ? [] : [{ name: 'C', command: [peer], mode: [] }]
  const cPoll: Contender[] =
    peer === undefined || onWindows ? [] : [{ name: 'C with poll', command: [peer], mode: ['poll'] }]

  console.log('64-byte ping-pong, nanoseconds per round trip')
  const pings = await compare([...c, pipes, ...cPoll, timed, net], 'ping', ROUNDS)
  for (const [name, value] of pings) console.log(`  ${name.padEnd(22)}${value.toFixed(0).padStart(10)}`)
  const ping = (name: string): number => pings.get(name) ?? Number.NaN
  judge('pipes / C', ping('pipes') / ping('C'), ['at most', 1.25])
  judge('pipes with a timeout / C with poll', ping('pipes with a timeout') / ping('C with poll'), [
    'at most',
    1.35,
  ])
  // How much there is to gain depends on what the machine's switch between two processes costs, which C pays as well.
  const most = (ping('node:net') / ping('C')).toFixed(2)
  judge(`times as fast as node:net (C: ${most})`, ping('node:net') / ping('pipes'), ['at least', 2])

  console.log('64 KiB one way, MiB per second')
  const sends = await compare([...c, pipes, net], 'send', BLOCKS)
  for (const [name, value] of sends)
    console.log(`  ${name.padEnd(22)}${(value / 2 ** 20).toFixed(0).padStart(10)}`)
  const send = (name: string): number => sends.get(name) ?? Number.NaN
  judge('pipes / C', send('pipes') / send('C'), ['at least', 0.8])
  judge('times node:net', send('pipes') / send('node:net'))
}

try {
  await main()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
if (failed) process.exitCode = 1
