/** Files: what a guest reads, writes and opens, by this host and by node:wasi, which are measured in turn. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hrtime } from 'node:process'
import { WASI } from 'node:wasi'
import { WasiHost, type WaitMode } from '../src/index.ts'
import { engine, hasJspi, type WasmValue } from '../src/module/engine.ts'
import { filesGuest } from './guests.ts'

const ROUNDS = 15
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
}

const READ = 'transfers_read'
const WRITE = 'transfers_write'
const works: readonly Work[] = [
  { name: 'read 512 B', export: READ, args: [2000, 512], times: 2000, bytes: 512 },
  { name: 'read 64 KiB', export: READ, args: [200, 65_536], times: 200, bytes: 65_536 },
  { name: 'write 512 B', export: WRITE, args: [2000, 512], times: 2000, bytes: 512 },
  { name: 'write 64 KiB', export: WRITE, args: [200, 65_536], times: 200, bytes: 65_536 },
  { name: 'open and close', export: 'opens', args: [500, 0, 4], times: 500, bytes: 0 },
  { name: 'the same, 3 deep', export: 'opens', args: [500, 16, 10], times: 500, bytes: 0 },
  { name: 'stat, missing', export: 'stats', args: [500, 32, 4], times: 500, bytes: 0 },
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

console.log(`files, best of ${ROUNDS} rounds; x: times of node:wasi`)
for (const work of works) {
  const best = new Map<Subject, number>()
  for (let round = 0; round < ROUNDS; round += 1)
    for (const subject of subjects) {
      if ((await subject.call('start')) !== 0) throw new Error(`${subject.name}: no file was opened`)
      const from = hrtime.bigint()
      const code = await subject.call(work.export, ...work.args)
      const ns = Number(hrtime.bigint() - from) / work.times
      if (code !== 0) throw new Error(`${subject.name}: ${work.name} gave ${String(code)}`)
      best.set(subject, Math.min(best.get(subject) ?? Infinity, ns))
    }
  const base = best.get(subjects[0]!)!
  const cells = subjects.map((each) => {
    const ns = best.get(each)!
    return `${each.name} ${(ns / 1000).toFixed(2)} us x${(ns / base).toFixed(2)}`
  })
  console.log(`  ${work.name.padEnd(18)} ${cells.join('   ')}`)
}
for (const subject of subjects) await subject.close()
rmSync(directory, { recursive: true, force: true })
