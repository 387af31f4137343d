/**
 * What a program pays at the door: processor time and memory of an import and of the command, from packages as npm
 * installs them, beside node-ipc and socket.io-client in the same run; and the size of an install. Prints ratios, with the
 * targets, and marks what misses one.
 *
 * `node bench/main.ts [--rounds 15]`, after `pnpm build`
 */
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pack, packages } from '../src/packages.ts'
import { run } from '../src/run.ts'
import { costs, type Program } from './measure.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
const rounds = Number(values.rounds)

const PEERS = ['node-ipc@14.0.0', 'socket.io-client@4.8.3']
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']

const work = mkdtempSync(join(tmpdir(), 'uds-door-'))
let missed = 0

/** Prints a row, and marks one that misses its target. */
const row = (name: string, measured: string, value?: number, most?: number): void => {
  const misses = value !== undefined && most !== undefined && value > most
  if (misses) missed += 1
  const target = most === undefined ? '' : `at most ${most}${misses ? '   MISSED' : ''}`
  console.log(`  ${name.padEnd(34)} ${measured.padStart(22)}   ${target}`.trimEnd())
}

const install = (name: string, specifiers: readonly string[]): string => {
  const folder = join(work, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  run('npm', ['install', ...QUIET, ...specifiers], folder)
  return folder
}

const megabytes = (folder: string): number =>
  globSync('node_modules/**', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1e6

/** The program of an empty text: what Node itself costs. */
const NOTHING = 'node -e 0'
const imports = (specifier: string): Program => ({
  name: specifier,
  args: ['--input-type=module', '-e', `await import('${specifier}')`],
})

const uds = (...args: string[]): Program => ({
  name: `uds ${args.join(' ')}`,
  args: ['node_modules/@uds/cli/dist/main.js', ...args],
})

try {
  const [cpu] = cpus()
  console.log(
    `Node ${process.versions.node}, ${process.platform}-${process.arch}, ${cpu?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}; medians of ${rounds}`,
  )
  mkdirSync(join(work, 'tarballs'))
  const tarballs = new Map(packages.map((each) => [each.manifest.name, pack(each, join(work, 'tarballs'))]))
  const needed = (name: string): string[] => {
    const found = packages.find(({ manifest }) => manifest.name === name)
    const below = Object.keys(found?.manifest.dependencies ?? {}).filter((each) => tarballs.has(each))
    return [...new Set([...below.flatMap(needed), tarballs.get(name)!])]
  }
  const all = install('all', [...tarballs.values(), ...PEERS])

  console.log('\nprocessor time of an import, over that of node -e 0')
  const doors = [
    'node-ipc',
    'socket.io-client',
    '@uds/winsock-ffi',
    '@uds/pipes',
    '@uds/stream',
    '@uds/events',
  ]
  const measured = costs(
    [{ name: NOTHING, args: ['--input-type=module', '-e', '0'] }, ...doors.map(imports)],
    rounds,
    all,
  )
  const own = measured.get(NOTHING)!
  const over = (name: string): number => measured.get(name)!.cpuMs - own.cpuMs
  const MOST: Readonly<Record<string, number>> = { '@uds/events': 30, '@uds/stream': 22 }
  row(NOTHING, `${own.cpuMs.toFixed(1)} ms`)
  for (const door of doors) row(door, `${over(door).toFixed(1)} ms`, over(door), MOST[door])
  const ofPeer = over('@uds/events') / over('node-ipc')
  row('@uds/events of node-ipc', ofPeer.toFixed(2), ofPeer, 1)

  console.log('\nmemory of an import, over that of node -e 0')
  for (const door of doors) {
    const mb = (measured.get(door)!.rss - own.rss) / 1e6
    row(door, `${mb.toFixed(1)} MB`, mb, door === '@uds/events' ? 14 : undefined)
  }

  console.log('\nprocessor time of commands that open no socket, of node -e 0')
  const commands = [
    uds('--version'),
    uds('--help'),
    uds('help', 'connect'),
    uds('wasm', 'inspect', '--help'),
    uds('conect'),
  ]
  // The first start fills the compile cache.
  costs(commands, 1, all)
  const started = costs([{ name: NOTHING, args: ['-e', '0'] }, ...commands], rounds, all)
  for (const { name } of commands) {
    const ratio = started.get(name)!.cpuMs / started.get(NOTHING)!.cpuMs
    row(name, ratio.toFixed(2), ratio, 2.2)
  }

  console.log('\nsize of an install, with koffi for this system')
  const LARGEST: Readonly<Record<string, number>> = { '@uds/events': 6, '@uds/stream': 4 }
  for (const name of [
    '@uds/winsock-ffi',
    '@uds/pipes',
    '@uds/stream',
    '@uds/events',
    '@uds/wasi-host',
    '@uds/cli',
  ]) {
    const extra = name === '@uds/events' ? ['msgpackr'] : []
    const size = megabytes(install(`size-${name.replace('@uds/', '')}`, [...needed(name), ...extra]))
    row(
      extra.length > 0 ? `${name}, with ${extra.join()}` : name,
      `${size.toFixed(1)} MB`,
      size,
      LARGEST[name],
    )
  }
  row(PEERS[0]!, `${megabytes(install('size-peer', [PEERS[0]!])).toFixed(1)} MB`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
console.log(missed === 0 ? '\nevery target is met' : `\n${missed} targets are missed`)
