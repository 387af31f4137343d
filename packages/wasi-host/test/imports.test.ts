/** Imports of the embedder, and guests that block the thread of their caller. */
import { describe, expect, test } from 'vitest'
import { WasiHost, type GuestParts, type WasiHostOptions } from '../src/index.ts'
import { hasJspi } from '../src/module/engine.ts'
import { assemble, buildModule, preview1, type Import } from './builder/module.ts'
import { drive, OUT, zigImports } from './driver.ts'

const double: Import = { module: 'calculator', name: 'double', parameters: 'i' }
const doubling = buildModule({
  imports: [double, { module: 'wasi_snapshot_preview1', name: 'proc_exit', parameters: 'i', result: '' }],
  wat: `(table (export "table") 1 funcref) (elem (i32.const 0) $answer)
    (func $answer (result i32) (i32.const 42))
    (func (export "_start") (call $proc_exit (call $double (i32.const 21))))`,
})

/** The ways of waiting in which the guest is in this thread. */
const here: WasiHostOptions[] = [
  ...(hasJspi ? [{ wait: 'jspi' } as const] : []),
  { wait: 'blocking', thread: 'caller' },
]

describe.each(here)('imports under $wait', (how) => {
  const host = (options: WasiHostOptions): WasiHost => new WasiHost({ ...how, stdin: 'ignore', ...options })

  test('a guest calls functions of its embedder', async () => {
    const imports = { calculator: { double: (n: number) => 2 * n } }
    expect(await host({ imports }).run(doubling)).toBe(42)
  })

  test('a function of imports gets the memory and the table of the guest', async () => {
    let parts: GuestParts | undefined
    const guest = await host({
      imports: ({ memory, table }) => {
        parts = { memory, table }
        return {
          calculator: {
            double: (n: number) => {
              new Uint8Array(memory.buffer)[512] = n
              return (table!.get(0) as () => number)()
            },
          },
        }
      },
    }).instantiate(doubling)
    expect(await guest.call('double', 7)).toBe(42)
    expect([...(await guest.read(512, 1))]).toEqual([7])
    expect(guest.instance!.exports['memory']).toBe(parts!.memory)
    await guest.close()
  })

  test('a global can be imported, too', async () => {
    const guest = assemble(`(module (import "env" "answer" (global $answer i32)) (memory (export "memory") 1)
      (func (export "get") (result i32) (global.get $answer)))`)
    const running = await host({ imports: { env: { answer: 42 } } }).instantiate(guest)
    expect(await running.call('get')).toBe(42)
    await running.close()
  })

  test('what is missing is named, and so is a name that the host serves itself', async () => {
    await expect(host({}).run(doubling)).rejects.toThrow(/calculator\.double.*imports adds/)
    await expect(host({ imports: () => ({}) }).run(doubling)).rejects.toMatchObject({
      code: 'ERR_WASI_LINK',
      message: expect.stringContaining('calculator.double') as string,
    })
    const clash = { wasi_snapshot_preview1: { fd_write: () => 0 } }
    for (const imports of [clash, () => clash])
      await expect(host({ imports }).run(doubling)).rejects.toMatchObject({
        code: 'ERR_WASI_LINK',
        message: expect.stringContaining('wasi_snapshot_preview1.fd_write') as string,
      })
  })
})

test('imports need the thread of the embedder', () => {
  for (const wait of ['worker', 'blocking'] as const)
    expect(() => new WasiHost({ wait, imports: {} })).toThrow(/imports are called in this thread/)
  expect(() => new WasiHost({ imports: 1 as never })).toThrow(/imports/)
  expect(() => new WasiHost({ imports: { a: 1 as never } })).toThrow(/imports\["a"\]/)
  expect(() => new WasiHost({ thread: 'caller' })).toThrow(/wait: "blocking" only/)
})

test.skipIf(!hasJspi)('memory that the embedder grows while the guest waits is no trouble', async () => {
  let grow: (() => number) | undefined
  const host = new WasiHost({
    wait: 'jspi',
    stdin: 'ignore',
    imports: ({ memory }) => {
      grow = () => memory.grow(16)
      return {}
    },
  })
  const guest = await host.instantiate(
    buildModule({ imports: preview1('poll_oneoff:iiii', 'fd_prestat_get:ii') }),
  )
  await guest.write(272, Uint8Array.from(new Uint8Array(Uint32Array.of(1, 0, 20_000_000).buffer)))
  const waiting = guest.call('poll_oneoff', 256, 512, 1, 8)
  expect(grow!()).toBe(2)
  expect(await waiting).toBe(0)
  expect([...(await guest.read(8, 1))]).toEqual([1])
  await guest.close()
})

describe('blocking the caller', () => {
  const how = { wait: 'blocking', thread: 'caller' } as const

  test('exports are called synchronously, and an import may call them again', async () => {
    let nested: (() => unknown) | undefined
    const guest = await new WasiHost({
      ...how,
      stdin: 'ignore',
      imports: { calculator: { double: (n: number) => Number(nested!()) + n } },
    }).instantiate(
      buildModule({ imports: [double], wat: '(func (export "one") (result i32) (i32.const 1))' }),
    )
    nested = () => guest.callSync('one')
    expect(guest.callSync('double', 4)).toBe(5)
    await guest.close()
  })

  test('sockets are those of the system, and a name is resolved meanwhile', async () => {
    const { guest } = await drive({
      imports: zigImports,
      host: {
        ...how,
        sockets: {
          allow: ['connect:localhost:1', 'connect:127.0.0.1:1'],
          resolve: { localhost: ['127.0.0.1'] },
        },
      },
    })
    expect(guest.callSync('sock_open', 2, 1, OUT)).toBe(0)
    await guest.write(64, Buffer.from('localhost'))
    expect(guest.callSync('sock_resolve', 64, 9, 1, 128, 1, OUT)).toBe(0)
    expect([...(await guest.read(128, 7))]).toEqual([2, 0, 1, 127, 0, 0, 1])
    // Linux' ECONNREFUSED.
    expect(guest.callSync('sock_connect', 1000, 128)).toBe(111)
  })

  test('callSync says where it works', async () => {
    const guest = await new WasiHost({ wait: 'worker', stdin: 'ignore' }).instantiate(
      buildModule({ imports: [] }),
    )
    expect(() => guest.callSync('grow', 0)).toThrow(/thread: "caller"/)
    expect(guest.instance).toBeUndefined()
    await guest.close()
  })

  test('the quota of time ends a guest that waits', async () => {
    const guest = await new WasiHost({
      ...how,
      stdin: 'ignore',
      sockets: { quotas: { timeMs: 50 } },
    }).instantiate(buildModule({ imports: preview1('poll_oneoff:iiii') }))
    await guest.write(272, new Uint8Array(Uint32Array.of(1, 0, 0, 100).buffer))
    expect(() => guest.callSync('poll_oneoff', 256, 512, 1, 8)).toThrow(/timeMs/)
    await guest.close()
  })
})
