/** Files: what a guest reads, writes and opens, by this host and by node:wasi, which are measured in turn. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hrtime } from 'node:process'
import { WASI } from 'node:wasi'
import { WasiHost, type WaitMode } from '../src/index.ts'
import { engine, hasJspi, type WasmValue } from '../src/module/engine.ts'
import { filesGuest } from './guests.ts'
import { judge } from './judge.ts'
import { median } from './median.ts'

const ROUNDS = 7
/** Rounds before those: what is compiled while it runs needs some. */
const WARM = 20
const MIB = 1024 * 1024

/** Calls an export of the guest, which returns 0. */
type Call = (name: string, ...args: WasmValue[]) => Promise<unknown>

interface Subject {
  readonly name: string
  readonly call: Call
  readonly close: () => Promise<void>
}

interface Work {
  readonly name: string
  readonly export: string
  readonly args: readonly number[]
  readonly times: number
  readonly bytes: number
  /** What it may take, in times of node:wasi. */
  readonly most: number
}

const READ = 'transfers_read'
const WRITE = 'transfers_write'
const works: readonly Work[] = [
  { name: 'read 512 B', export: READ, args: [2000, 512], times: 2000, bytes: 512, most: 1.1 },
  {
    name: 'read 512 B, 2 parts',
    export: 'transfers_readv',
    args: [2000, 512],
    times: 2000,
    bytes: 512,
    most: 1.4,
  },
  { name: 'read 64 KiB', export: READ, args: [200, 65_536], times: 200, bytes: 65_536, most: 1.1 },
  { name: 'write 512 B', export: WRITE, args: [2000, 512], times: 2000, bytes: 512, most: 1.1 },
  { name: 'write 64 KiB', export: WRITE, args: [200, 65_536], times: 200, bytes: 65_536, most: 1.1 },
  { name: 'open and close', export: 'opens', args: [2000, 0, 4], times: 2000, bytes: 0, most: 1.3 },
  { name: 'the same, 3 deep', export: 'opens', args: [2000, 16, 10], times: 2000, bytes: 0, most: 1.3 },
  { name: 'stat', export: 'stats', args: [2000, 0, 4], times: 2000, bytes: 0, most: 1.3 },
  { name: 'the same, 3 deep', export: 'stats', args: [2000, 16, 10], times: 2000, bytes: 0, most: 1.3 },
  { name: 'stat, missing', export: 'stats', args: [2000, 32, 4], times: 2000, bytes: 0, most: 1.3 },
]

const directory = mkdtempSync(join(tmpdir(), 'uds-bench-'))
mkdirSync(join(directory, 'a/b/c'), { recursive: true })
for (const each of ['file', 'a/b/c/file']) writeFileSync(join(directory, each), Buffer.alloc(16 * MIB))

const ofHost = async (wait: WaitMode): Promise<Subject> => {
  const guest = await new WasiHost({ wait, stdin: 'ignore', preopens: { '/': directory } }).instantiate(
    filesGuest,
  )
  return { name: wait, call: (name, ...args) => guest.call(name, ...args), close: () => guest.close() }
}

const ofNode = async (): Promise<Subject> => {
  const wasi = new WASI({ version: 'preview1', preopens: { '/': directory } })
  const module = await engine.compile(filesGuest as Uint8Array<ArrayBuffer>)
  const instance = await engine.instantiate(module, wasi.getImportObject() as never)
  wasi.initialize(instance)
  const { exports } = instance as { exports: Record<string, (...args: WasmValue[]) => unknown> }
  return { name: 'node:wasi', call: async (name, ...args) => exports[name]!(...args), close: async () => {} }
}

const subjects = [await ofNode()]
for (const wait of [...(hasJspi ? (['jspi'] as const) : []), 'worker', 'blocking'] as const)
  subjects.push(await ofHost(wait))

console.log(`files, node ${process.version}, median of ${ROUNDS} rounds; x: times of node:wasi`)
for (const work of works) {
  const rounds = new Map(subjects.map((each): [Subject, number[]] => [each, []]))
  for (let round = -WARM; round < ROUNDS; round += 1)
    for (const subject of subjects) {
      if ((await subject.call('start')) !== 0) throw new Error(`${subject.name}: no file was opened`)
      const from = hrtime.bigint()
      const code = await subject.call(work.export, ...work.args)
      const ns = Number(hrtime.bigint() - from) / work.times
      if (code !== 0) throw new Error(`${subject.name}: ${work.name} gave ${String(code)}`)
      if (round >= 0) rounds.get(subject)!.push(ns)
    }
  const base = median(rounds.get(subjects[0]!)!)
  const cells = subjects.map((each) => {
    const ns = median(rounds.get(each)!)
    return `${each.name} ${(ns / 1000).toFixed(2)} us x${(ns / base).toFixed(2)}`
  })
  console.log(`  ${work.name.padEnd(20)} ${cells.join('   ')}`)
  for (const each of subjects.slice(1))
    judge(
      `${work.name}, ${each.name}, at most ${work.most}`,
      median(rounds.get(each)!) / base,
      (ratio) => ratio <= work.most,
    )
}
for (const subject of subjects) await subject.close()
rmSync(directory, { recursive: true, force: true })
