/** Files of a guest: written, read and looked up beneath the directory that it has, and nowhere else. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { assemble } from '@uds/guests/text'
import { WasiHost } from '@uds/wasi-host'
import { same, type Case, type Cases } from './case.ts'

/** The calls of preview 1 with their types; each is exported as it is imported. */
const calls = {
  path_open: 'i32 i32 i32 i32 i32 i64 i64 i32 i32',
  path_filestat_get: 'i32 i32 i32 i32 i32',
  fd_write: 'i32 i32 i32 i32',
  fd_pread: 'i32 i32 i32 i64 i32',
  fd_close: 'i32',
}

const guest = assemble(`(module
  ${Object.entries(calls)
    .map(
      ([name, types]) =>
        `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types}) (result i32)))`,
    )
    .join('\n')}
  (memory (export "memory") 1)
  ${Object.keys(calls)
    .map((name) => `(export "${name}" (func $pass_${name}))`)
    .join('\n')}
  ${Object.entries(calls)
    .map(
      ([name, types]) =>
        `(func $pass_${name} (param ${types}) (result i32) (call $${name} ${types
          .split(' ')
          .map((_type, index) => `(local.get ${index})`)
          .join(' ')}))`,
    )
    .join('\n')})`)

/** Where names, iovecs, results and data lie. */
const [NAME, IOV, OUT, STAT, DATA] = [256, 16, 64, 128, 1024]
const [ROOT, FOLLOW, CREATE] = [3, 1, 1]
const [SUCCESS, NOENT, NOTCAPABLE] = [0, 44, 76]
const READ_AND_WRITE = (1n << 1n) | (1n << 6n) | (1n << 2n)

const files =
  (wait: 'auto' | 'worker' | 'blocking'): Case =>
  async ({ path }) => {
    mkdirSync(path('inside/a/b'), { recursive: true })
    writeFileSync(path('secret'), 'secret')
    writeFileSync(path('inside/a/b/file'), 'twelve bytes')
    symlinkSync('../secret', path('inside/out'))
    symlinkSync('a/b', path('inside/in'))
    const host = new WasiHost({ wait, stdin: 'ignore', preopens: { '/': path('inside') } })
    const running = await host.instantiate(guest)
    const named = async (name: string): Promise<[number, number]> => {
      await running.write(NAME, Buffer.from(name))
      return [NAME, name.length]
    }
    const u32 = async (at: number): Promise<number> => Buffer.from(await running.read(at, 4)).readUInt32LE()
    const open = async (name: string, flags: number): Promise<unknown> =>
      running.call('path_open', ROOT, FOLLOW, ...(await named(name)), flags, READ_AND_WRITE, 0n, 0, OUT)
    try {
      same(await open('new', CREATE), SUCCESS)
      const fd = await u32(OUT)
      await running.write(DATA, Buffer.from('two parts'))
      await running.write(IOV, Buffer.from(Uint32Array.of(DATA, 4, DATA + 4, 5).buffer))
      same(await running.call('fd_write', fd, IOV, 2, OUT), SUCCESS)
      same(readFileSync(path('inside/new'), 'utf8'), 'two parts')
      same(await running.call('fd_pread', fd, IOV, 1, 4n, OUT), SUCCESS)
      same([await u32(OUT), Buffer.from(await running.read(DATA, 4)).toString()], [4, 'part'])
      same(await running.call('fd_close', fd), SUCCESS)
      const stat = async (name: string): Promise<unknown> =>
        running.call('path_filestat_get', ROOT, FOLLOW, ...(await named(name)), STAT)
      for (const name of ['a/b/file', 'in/file', 'a/../in/../b/file']) {
        same(await stat(name), SUCCESS)
        same(await u32(STAT + 32), 12)
      }
      same(await stat('a/none'), NOENT)
      for (const name of ['out', '../secret', 'in/../../../secret'])
        same([await stat(name), await open(name, 0)], [NOTCAPABLE, NOTCAPABLE])
    } finally {
      await running.close()
    }
  }

export const wasiFiles: Cases = {
  auto: files('auto'),
  worker: files('worker'),
  blocking: files('blocking'),
}
