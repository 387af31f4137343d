/**
 * What a suspended guest costs in memory: 2,000 guests in one thread, each of which waits for a clock, of each kind. Usage:
 * suspended.ts starts a process for each kind; suspended.ts KIND is such a process.
 */
import { execFileSync } from 'node:child_process'
import { memoryUsage } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { mappingsOfProcess } from '../src/guest/stack-limit.ts'
import { WasiHost } from '../src/index.ts'
import { wrap } from '../test/builder/component.ts'
import { assemble } from '../test/builder/module.ts'

const COUNT = 2000
/** Longer than the measurement. */
const LONG_NS = 3_600_000_000_000

const RUN = 'wasi:cli/run@0.3.0'
const guests: Readonly<Record<string, () => Uint8Array>> = {
  'preview 1': () =>
    assemble(`(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start") (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const ${LONG_NS}))
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))`),
  '0.2': () =>
    wrap([
      assemble(`(module (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $clock (param i64) (result i32)))
        (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
        (memory (export "memory") 1)
        (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $block (call $clock (i64.const ${LONG_NS}))) (i32.const 0)))`),
    ]),
  '0.3': () =>
    wrap(
      [
        assemble(`(module (import "wasi:clocks/monotonic-clock@0.3.0" "[async-lower]wait-for" (func $wait (param i64) (result i32)))
          (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
          (import "$root" "[waitable-join]" (func $join (param i32 i32)))
          (memory (export "memory") 1)
          (func (export "[async-lift]${RUN}#run") (result i32) (local $set i32)
            (local.set $set (call $set-new))
            (call $join (i32.shr_u (call $wait (i64.const ${LONG_NS})) (i32.const 4)) (local.get $set))
            (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
          (func (export "[callback][async-lift]${RUN}#run") (param i32 i32 i32) (result i32) (unreachable)))`),
      ],
      { exports: [RUN] },
    ),
}

const measure = async (kind: string): Promise<void> => {
  const host = new WasiHost({ stdin: 'ignore' })
  const program = await host.compile(guests[kind]!())
  const run = (): void => {
    host.run(program).catch(() => {})
  }
  // What is loaded once is no part of it.
  run()
  await pause(100)
  globalThis.gc?.()
  const [memory, { used }] = [memoryUsage.rss(), mappingsOfProcess()]
  for (let count = 0; count < COUNT; count += 1) run()
  await pause(2000)
  globalThis.gc?.()
  const each = (memoryUsage.rss() - memory) / COUNT / 1024
  const mappings = (mappingsOfProcess().used - used) / COUNT
  console.log(`  ${kind.padEnd(10)} ${each.toFixed(1)} kB and ${mappings.toFixed(1)} memory mappings each`)
  process.exit()
}

const [kind] = process.argv.slice(2)
if (kind !== undefined) await measure(kind)
console.log(`${COUNT} guests that wait, in one thread of Node ${process.version}`)
for (const each of Object.keys(guests)) {
  execFileSync(process.execPath, ['--expose-gc', '--no-warnings', import.meta.filename, each], {
    stdio: 'inherit',
  })
}
