/**
 * 64-byte ping-pong between two processes over AF_UNIX: this package, node:net and C in one run, in turn, all pinned to
 * one core. Unpinned on an idle machine it would measure how fast the scheduler wakes a sleeper.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

const ROUNDS = 100_000
const REPEATS = 5
const directory = mkdtempSync(join(tmpdir(), 'uds-bench-'))
const binary = join(directory, 'ping-pong')
const peer = join(import.meta.dirname, 'ping-pong-peer.ts')

type Variant = { readonly name: string; command(role: string, path: string): readonly string[] }

const c = (name: string, mode: string): Variant => ({
  name,
  command: (role, path) => [binary, role, path, String(ROUNDS), mode],
})
const node = (name: string, mode: string): Variant => ({
  name,
  command: (role, path) => [process.execPath, peer, role, path, String(ROUNDS), mode],
})

const variants = [
  c('C', 'plain'),
  node('sockets.send, sockets.recv', 'plain'),
  c('C, poll before each call', 'poll'),
  node('with timeoutMs', 'deadline'),
  node('node:net', 'net'),
]

const pinned = (command: readonly string[]): ReturnType<typeof spawn> =>
  spawn('taskset', ['-c', '0', ...command], { stdio: ['ignore', 'pipe', 'inherit'] })

const measure = async (variant: Variant, path: string): Promise<number> => {
  const server = pinned(variant.command('server', path))
  const ended = once(server, 'exit')
  await once(server.stdout!, 'data')
  const client = pinned(variant.command('client', path))
  let out = ''
  client.stdout!.on('data', (data: Buffer) => (out += data.toString()))
  const [code] = (await once(client, 'close')) as [number]
  if (code !== 0) throw new Error(`${variant.name}: the client ended with ${code}`)
  await ended
  return Number(out)
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

try {
  execFileSync('cc', ['-O2', '-o', binary, join(import.meta.dirname, 'ping-pong.c')])
  const times = new Map<string, number[]>(variants.map(({ name }) => [name, []]))
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    for (const [index, variant] of variants.entries()) {
      times.get(variant.name)!.push(await measure(variant, join(directory, `${repeat}-${index}`)))
    }
  }
  const of = (name: string): number => median(times.get(name)!)
  console.log(
    `64-byte ping-pong, ${ROUNDS} round trips, median of ${REPEATS}, one core of ${cpus()[0]?.model}`,
  )
  for (const { name } of variants) {
    const range = `${Math.min(...times.get(name)!)} to ${Math.max(...times.get(name)!)}`
    console.log(`  ${name.padEnd(28)} ${(of(name) / 1000).toFixed(2).padStart(6)} us  (${range} ns)`)
  }
  const ratio = (a: string, b: string): string => (of(a) / of(b)).toFixed(2)
  console.log(`  without a deadline: ${ratio('sockets.send, sockets.recv', 'C')} times C`)
  console.log(
    `  with a deadline:    ${ratio('with timeoutMs', 'C, poll before each call')} times C with poll`,
  )
  console.log(`  node:net takes      ${ratio('node:net', 'sockets.send, sockets.recv')} times as long`)
} finally {
  rmSync(directory, { recursive: true })
}
