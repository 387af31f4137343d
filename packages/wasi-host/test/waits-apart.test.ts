/** Calls that suspend a guest only when they have to: each type, results like the mark of waiting, failures, two guests at a time. */
import { describe, expect, test } from 'vitest'
import { waitsApart, type SuspendableCall } from '../src/guest/waits-apart.ts'
import { engine, hasJspi } from '../src/module/engine.ts'
import { assemble } from './builder/module.ts'

type Call = SuspendableCall['call']

const types: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64' }

const values: Readonly<Record<string, number | bigint>> = { i: -5, I: 1n << 40n, f: 0.5, F: 1e300 }

const list = (letters: string): string => Array.from(letters, (each) => types[each]).join(' ')

/** A guest whose `run` calls the host with constants, and how often the host made something that suspends. */
const guestOf = (
  call: Call,
  shape: string,
): { run: (...args: never[]) => Promise<unknown>; suspensions: () => number } => {
  const [parameters = '', result = ''] = shape.split('>')
  const constants = Array.from(parameters, (each) => `(${types[each]}.const ${values[each]})`).join(' ')
  let waited = 0
  const [fn] = waitsApart([{ call, shape }], (wait) => {
    const counted = (): unknown => {
      waited += 1
      return wait()
    }
    return new engine.Suspending!(counted)
  })
  const text = `(module (import "host" "call" (func $call (param ${list(parameters)}) (result ${list(result)})))
    (func (export "run") (result ${list(result)}) (call $call ${constants})))`
  const module = new engine.Module(assemble(text) as Uint8Array<ArrayBuffer>)
  const { exports } = new engine.Instance(module, { host: { call: fn } })
  return { run: engine.promising!(exports['run']), suspensions: () => waited }
}

describe.runIf(hasJspi)('calls that suspend only where they have to', () => {
  test.each(['>i', 'i>i', 'iIfF>i', 'IIIIIIIIIIIIIIII>i', '>', 'iI>'])(
    'the parameters of %s arrive, and a result that is there suspends nothing',
    async (shape) => {
      const seen: unknown[][] = []
      const guest = guestOf((...args) => {
        seen.push(args)
        return 7
      }, shape)
      expect(await guest.run()).toBe(shape.endsWith('i') ? 7 : undefined)
      expect(seen).toEqual([Array.from(shape.split('>')[0]!, (each) => values[each])])
      expect(guest.suspensions()).toBe(0)
    },
  )

  test.each(['iI>i', 'iI>'])('a promise of %s suspends the guest once', async (shape) => {
    const guest = guestOf(async () => {
      await Promise.resolve()
      return 9
    }, shape)
    expect(await guest.run()).toBe(shape.endsWith('i') ? 9 : undefined)
    expect(guest.suspensions()).toBe(1)
  })

  test.each([-0x8000_0000, 0x8000_0000, 2 ** 32 - 1, 0, -1])(
    'the result %d is the result, and no sign of waiting',
    async (result) => {
      expect(await guestOf(() => result, '>i').run()).toBe(result | 0)
      expect(await guestOf(async () => result, '>i').run()).toBe(result | 0)
    },
  )

  test.each(['i>i', 'i>', 'i>I'])(
    'what the host throws, now or later, goes through the guest: %s',
    async (shape) => {
      const error = new Error('no')
      const now = guestOf(() => {
        throw error
      }, shape)
      await expect(now.run()).rejects.toBe(error)
      await expect(guestOf(() => Promise.reject(error), shape).run()).rejects.toBe(error)
    },
  )

  test('a type that is none of the plain ones suspends as it is', async () => {
    const guest = guestOf((() => Promise.resolve(1n << 40n)) as unknown as Call, '>I')
    expect(await guest.run()).toBe(1n << 40n)
    expect(guest.suspensions()).toBe(1)
  })

  test('two guests that wait at a time get each its own result', async () => {
    const held: ((value: number) => void)[] = []
    const guest = guestOf(() => new Promise((resolve) => held.push(resolve)), '>i')
    const both = [guest.run(), guest.run()]
    expect(held).toHaveLength(2)
    held[1]!(2)
    held[0]!(1)
    expect(await Promise.all(both)).toEqual([1, 2])
  })

  test('several calls are linked at once, each to its own function', () => {
    const calls = ['i>i', '>', '>I', 'i>i'].map((shape, index) => ({ call: () => index, shape }))
    const functions = waitsApart(calls, (call) => call) as (() => number)[]
    expect(functions.map((each) => each())).toEqual([0, undefined, 2, 3])
  })

  test('more lists of types than are kept are made anew', async () => {
    for (let count = 0; count < 130; count += 1)
      expect(await guestOf(() => count, `${'i'.repeat(count % 70)}>i`).run()).toBe(count)
  })
})
