/** Composed components that are broken, or made to be too large: the host refuses them, and lives. */
import { describe, expect, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { wrap } from './builder/component.ts'
import { assemble } from './builder/module.ts'

const core = assemble('(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 0)))')

const text = (name: string): number[] => [name.length, ...Buffer.from(name)]

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

/** An unsigned LEB128. */
const number = (value: number): number[] => {
  const bytes: number[] = []
  let left = value
  do {
    bytes.push((left & 127) | (left > 127 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return bytes
}

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...number(content.length),
  ...content,
]

const component = (...sections: readonly (readonly number[])[]): number[] => [...PREAMBLE, ...sections.flat()]

const run = (bytes: readonly number[]): Promise<unknown> =>
  new WasiHost({ wait: 'auto' }).run(Uint8Array.from(bytes)).catch((error: unknown) => error)

describe('a composed component', () => {
  test('that makes two of another, thirty levels deep, is refused', async () => {
    let inner = component(section(1, [...core]))
    for (let level = 0; level < 30; level += 1)
      inner = component(section(4, inner), section(5, [2, 0x00, 0, 0, 0x00, 0, 0]))
    expect(await run(inner)).toMatchObject({
      code: 'ERR_INVALID_WASM',
      message: expect.stringMatching(/more than 100000 steps/) as string,
    })
  })

  test('whose types double forty times is refused', async () => {
    const types = Array.from({ length: 40 }, (_, index) => [0x6f, 2, index, index])
    const bytes = component(
      section(4, component(section(1, [...core]))),
      section(7, [41, 0x7f, ...types.flat()]),
    )
    expect(await run(bytes)).toMatchObject({
      code: 'ERR_INVALID_WASM',
      message: expect.stringMatching(/more than 10000 parts/) as string,
    })
  })

  test('that lacks what it names is refused, wherever it is broken', async () => {
    const whole = component(
      section(4, component(section(1, [...core]))),
      section(1, [...core]),
      section(2, [1, 0x00, 0, 0]),
      section(6, [1, 0x00, 0x00, 0x01, 0, ...text('f')]),
      section(7, [2, 0x6a, 0, 0, 0x40, 0, 0x00, 0]),
      section(8, [1, 0x00, 0x00, 0, 0, 1]),
      section(5, [1, 0x01, 1, 0x00, ...text('run'), 0x01, 0]),
      section(11, [1, 0x00, ...text('wasi:cli/run@0.2.0'), 5, 0, 0]),
    )
    expect(await run(whole)).toBe(0)
    const from = whole.length - 110
    const wrong: unknown[] = []
    // Each byte of the description, changed: what is refused has a code, and the rest runs or traps.
    for (let at = from; at < whole.length; at += 1)
      for (const change of [1, 0x7f]) {
        const bytes = [...whole]
        bytes[at] = (bytes[at]! + change) & 255
        const result = await run(bytes)
        const known =
          typeof result === 'number' ||
          (result instanceof Error && ('code' in result || result.name.endsWith('Error')))
        if (!known) wrong.push([at, change, result])
      }
    expect(wrong).toEqual([])
  })

  test('is not mistaken for one that stands alone', async () => {
    const libraries = wrap([assemble('(module (import "env" "f" (func)) (memory (export "memory") 1))')])
    expect(await run([...libraries])).toMatchObject({ code: 'ERR_INVALID_WASM' })
  })
})
