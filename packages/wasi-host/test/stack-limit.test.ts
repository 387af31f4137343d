/** The bound on suspended guests: real stacks of the engine, real mappings of the process, and a limit that can be reached. */
import { expect, test } from 'vitest'
import { mappingsOfProcess, SuspensionLimit } from '../src/guest/stack-limit.ts'
import { suspendedWithin } from '../src/guest/suspension.ts'
import { engine, hasJspi } from '../src/module/engine.ts'
import { SyncPromise } from '../src/outcome/sync-promise.ts'
import { assemble } from './builder/module.ts'

const isLinux = process.platform === 'linux'

test.runIf(hasJspi && isLinux)(
  'guests are suspended until the mappings run short; then one more is ENOMEM, and one that ends makes room',
  async () => {
    const allowed = mappingsOfProcess().used + 300
    const limit = new SuspensionLimit(() => ({ used: mappingsOfProcess().used, limit: allowed }), {
      firstLook: 8,
      step: 4,
      reserve: 40,
    })
    const waiting = suspendedWithin(limit)
    const held: SyncPromise<number>[] = []
    const call = (): Promise<number> => {
      const later = new SyncPromise<number>()
      held.push(later)
      return later.promise()
    }
    const [hold] = waiting.suspending([{ call, shape: '>i' }])
    const module = new engine.Module(
      assemble(`(module (import "host" "hold" (func $hold (result i32))) (memory 1)
        (func (export "run") (result i32) (call $hold)))`) as Uint8Array<ArrayBuffer>,
    )
    const start = (): Promise<unknown> => {
      const { exports } = new engine.Instance(module, { host: { hold } })
      return waiting.promising(exports['run'])() as Promise<unknown>
    }
    const running: Promise<unknown>[] = []
    let refused: unknown
    while (refused === undefined && running.length < 1000) {
      try {
        running.push(start())
      } catch (error) {
        refused = error
      }
    }
    expect(refused).toMatchObject({ code: 'ENOMEM' })
    expect((refused as Error).message).toMatch(
      new RegExp(
        `^${running.length} guests are suspended.* of the ${allowed} memory mappings.*vm\\.max_map_count`,
      ),
    )
    expect(mappingsOfProcess().used).toBeLessThanOrEqual(allowed)
    for (const later of held) later.resolve(7)
    expect(new Set(await Promise.all(running))).toEqual(new Set([7]))
    const again = start()
    held.at(-1)!.resolve(8)
    expect(await again).toBe(8)
  },
)

test('the system is asked now and then, and not before there are many', () => {
  let asked = 0
  const mappings = (): { used: number; limit: number } => ({ used: (asked += 1), limit: 100 })
  const limit = new SuspensionLimit(mappings, { firstLook: 10, step: 5, reserve: 90 })
  const ends = Array.from({ length: 10 }, () => limit.count())
  expect(asked).toBe(0)
  for (let more = 0; more < 5; more += 1) ends.push(limit.count())
  expect(asked).toBe(1)
  for (const end of ends) end()
  for (let more = 0; more < 10; more += 1) limit.count()
  expect(asked).toBe(1)
})

test.runIf(isLinux)('the mappings of a process are those of Linux', () => {
  const { used, limit } = mappingsOfProcess()
  expect(used).toBeGreaterThan(10)
  expect(limit).toBeGreaterThan(used)
})
