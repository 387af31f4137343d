import { WasiHost } from '@uds/wasi-host'
import { same, type Case, type Cases } from './case.ts'

// (module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 1)
//   (func (export "_start") i32.const 7 call 0))
const text = (name: string): number[] => [name.length, ...Buffer.from(name)]
const section = (id: number, ...bytes: number[]): number[] => [id, bytes.length, ...bytes]
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const guest = Uint8Array.from([
  ...header,
  ...section(1, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0),
  ...section(2, 1, ...text('wasi_snapshot_preview1'), ...text('proc_exit'), 0, 0),
  ...section(3, 1, 1),
  ...section(5, 1, 0, 1),
  ...section(7, 2, ...text('memory'), 2, 0, ...text('_start'), 0, 1),
  ...section(10, 1, 6, 0, 0x41, 7, 0x10, 0, 0x0b),
])

const runs =
  (wait: 'auto' | 'jspi' | 'worker' | 'blocking'): Case =>
  async () =>
    same(await new WasiHost({ wait }).run(guest), 7)

export const wasiHost: Cases = {
  'a guest, auto': runs('auto'),
  'a guest, jspi': runs('jspi'),
  'a guest, worker': runs('worker'),
  'a guest, blocking': runs('blocking'),
}
