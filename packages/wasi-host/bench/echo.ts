/**
 * Echo between two processes: a guest under each way of waiting, jco's preview2-shim, node:net and C in one run, all
 * pinned to one core, against the same server in C. All clients stay, and take turns in short batches. Of each of seven
 * rounds the best batch counts, since whatever disturbs a batch only ever makes it slower, and of the rounds the median.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hasJspi } from '../src/module/engine.ts'
import { judge } from './judge.ts'
import { median } from './median.ts'
import { installShim } from './preview2-shim.ts'

const ROUNDS = 7
const BATCHES = process.argv.includes('--quick') ? 2 : 6
const directory = mkdtempSync(join(tmpdir(), 'uds-bench-'))
const binary = join(directory, 'echo')
const path = join(directory, 's')
const node = [process.execPath, '--no-warnings', join(import.meta.dirname, 'echo-client.ts')]
const guests = [...(hasJspi ? ['jspi'] : []), 'worker', 'blocking']

const children: ChildProcess[] = []

/** Starts a program on the one core; gives what asks it, and gets a line. */
const start = (command: readonly string[]): ((text: string) => Promise<string>) => {
  const pin = process.platform === 'linux' ? ['taskset', '-c', '0'] : []
  const [file = '', ...args] = [...pin, ...command]
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return async (text) => {
    child.stdin.write(text)
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${command.join(' ')} has ended`)
    return value
  }
}

const command = (variant: string, address: string, size: number): readonly string[] =>
  variant === 'C'
    ? [binary, 'client', address, String(size)]
    : [...node, variant, address, String(size), directory]

/** Nanoseconds of a round trip: the median of the rounds. */
const measure = async (
  title: string,
  variants: readonly string[],
  { address, size, batch }: { address: string; size: number; batch: number },
): Promise<(variant: string) => number> => {
  const asks = variants.map((each) => start(command(each, address, size)))
  // A few batches apart: what is compiled while it runs needs some.
  for (let warm = 0; warm < 4; warm += 1) for (const ask of asks) await ask(`${batch}\n`)
  const rounds = variants.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    const best = variants.map(() => Infinity)
    for (let batches = 0; batches < BATCHES; batches += 1) {
      for (const [index, ask] of asks.entries())
        best[index] = Math.min(best[index]!, Number(await ask(`${batch}\n`)))
    }
    for (const [index, time] of best.entries()) rounds[index]!.push(time)
  }
  for (const child of children.splice(1)) child.kill()
  const of = (name: string): number => median(rounds[variants.indexOf(name)]!)
  console.log(`${title}, median of ${ROUNDS} rounds, of each the best of ${BATCHES} batches of ${batch}`)
  for (const name of variants) {
    const ratios = `${(of(name) / of('C')).toFixed(2)} of C, ${(of(name) / of('net')).toFixed(2)} of node:net`
    console.log(`  ${name.padEnd(18)} ${(of(name) / 1000).toFixed(2).padStart(8)} us   ${ratios}`)
  }
  return of
}

try {
  execFileSync('cc', ['-O2', '-o', binary, join(import.meta.dirname, 'echo.c')])
  const port = await start([binary, 'server', path])('')
  console.log(`node ${process.version}, one core of ${cpus()[0]?.model}`)
  const small = await measure('16-byte echo over AF_UNIX', ['C', 'net', ...guests], {
    address: path,
    size: 16,
    batch: 500,
  })
  if (hasJspi) judge('jspi / node:net, at most 1.15', small('jspi') / small('net'), (ratio) => ratio <= 1.15)
  judge('blocking / C, at most 1.3', small('blocking') / small('C'), (ratio) => ratio <= 1.3)
  const large = await measure('64 KiB echo over AF_UNIX', ['C', 'net', ...guests], {
    address: path,
    size: 65_536,
    batch: 100,
  })
  for (const each of hasJspi ? ['jspi', 'blocking'] : ['blocking']) {
    judge(
      `throughput of ${each} / node:net, at least 0.7`,
      large('net') / large(each),
      (ratio) => ratio >= 0.7,
    )
  }
  const failed = process.argv.includes('--no-shim') ? 'left out' : installShim(directory)
  if (failed !== undefined) console.log(`  ${failed}`)
  const shims = failed === undefined ? ['shim', 'shim-least'] : []
  const components = [...guests.map((each) => `component-${each}`), 'component03']
  const tcp = await measure('16-byte echo over TCP', ['C', 'net', ...guests, ...components, ...shims], {
    address: port,
    size: 16,
    batch: 200,
  })
  judge(
    'component of 0.3 / node:net, at most 1.15',
    tcp('component03') / tcp('net'),
    (ratio) => ratio <= 1.15,
  )
  if (hasJspi) {
    const small02 = tcp('component-jspi')
    judge(
      'component of 0.2 under jspi / node:net, at most 1.25',
      small02 / tcp('net'),
      (ratio) => ratio <= 1.25,
    )
    if (failed === undefined)
      judge('component of 0.2 / preview2-shim, at most 0.25', small02 / tcp('shim'), (ratio) => ratio <= 0.25)
    const big = await measure('64 KiB echo over TCP', ['C', 'net', 'jspi', 'component-jspi', 'component03'], {
      address: port,
      size: 65_536,
      batch: 50,
    })
    for (const [each, what] of [
      ['component-jspi', 'component of 0.2 under jspi'],
      ['component03', 'component of 0.3'],
    ] as const) {
      judge(
        `throughput of a ${what} / node:net, at least 0.9`,
        big('net') / big(each),
        (ratio) => ratio >= 0.9,
      )
    }
  }
  for (const shim of shims) {
    const how = shim === 'shim' ? 'as wasi-libc calls it' : 'by its fewest calls'
    // C beside them: more than it has, nobody can have.
    for (const each of ['C', ...guests]) {
      judge(`${each}, times as fast as preview2-shim ${how}`, tcp(shim) / tcp(each))
    }
  }
} finally {
  for (const child of children) child.kill()
  rmSync(directory, { recursive: true, force: true })
}
