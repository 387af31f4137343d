/**
 * What makes the system calls, measured: 64-byte ping-pong between two processes over AF_UNIX, by C, koffi, node:ffi, bun:ffi
 * and Deno.dlopen in one run, in turn, all pinned to one core. The numbers of docs/adr/0001-koffi.md are of this program.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { programOf } from './programs.ts'
import type { RuntimeName } from './runtimes.ts'

const ROUNDS = 50_000
const REPEATS = 5

const sources = join(import.meta.dirname, '../../../packages/winsock-ffi/bench')
const directory = mkdtempSync(join(tmpdir(), 'uds-bench-'))
const binary = join(directory, 'ping-pong')

interface Variant {
  readonly name: string
  readonly command: readonly string[]
  readonly backend?: string
}

/** Node is the one with node:ffi, so that what differs is the backend alone. */
const variantsOf = (runtime: RuntimeName, title: string, own: string): Variant[] => {
  const { path, args } = programOf(runtime, true)
  const command = [path, ...args, join(sources, 'ping-pong-peer.ts')]
  return [
    { name: `${title}, koffi`, command, backend: 'koffi' },
    { name: `${title}, ${own}`, command, backend: runtime },
  ]
}

const start = ({ command, backend }: Variant, role: string, path: string): ReturnType<typeof spawn> =>
  spawn('taskset', ['-c', '0', ...command, role, path, String(ROUNDS), 'plain'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(backend && { UDS_FFI: backend }), DENO_NO_UPDATE_CHECK: '1' },
  })

const measure = async (variant: Variant, path: string): Promise<number> => {
  const server = start(variant, 'server', path)
  const ended = once(server, 'exit')
  await once(server.stdout!, 'data')
  const client = start(variant, 'client', path)
  const [nanoseconds, [code]] = await Promise.all([
    text(client.stdout!),
    once(client, 'exit') as Promise<[number]>,
  ])
  if (code !== 0) throw new Error(`${variant.name}: the client ended with ${code}`)
  await ended
  return Number(nanoseconds)
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

try {
  execFileSync('cc', ['-O2', '-o', binary, join(sources, 'ping-pong.c')])
  const variants: readonly Variant[] = [
    { name: 'C', command: [binary] },
    ...variantsOf('node', 'Node', 'node:ffi'),
    ...variantsOf('bun', 'Bun', 'bun:ffi'),
    ...variantsOf('deno', 'Deno', 'Deno.dlopen'),
  ]
  const times = new Map<Variant, number[]>(variants.map((variant) => [variant, []]))
  for (let repeat = 0; repeat < REPEATS; repeat += 1)
    for (const [index, variant] of variants.entries())
      times.get(variant)!.push(await measure(variant, join(directory, `${repeat}-${index}`)))
  const inC = median(times.get(variants[0]!)!)
  console.log(
    `64-byte ping-pong, ${ROUNDS} round trips, median of ${REPEATS}, one core of ${cpus()[0]?.model}`,
  )
  for (const [{ name }, of] of times) {
    const range = `${(Math.min(...of) / 1000).toFixed(2)} to ${(Math.max(...of) / 1000).toFixed(2)}`
    const us = (median(of) / 1000).toFixed(2)
    console.log(
      `  ${name.padEnd(18)} ${us.padStart(6)} us  ${(median(of) / inC).toFixed(2)} times C  (${range})`,
    )
  }
} finally {
  rmSync(directory, { recursive: true })
}
