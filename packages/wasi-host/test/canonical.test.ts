/** The canonical ABI: values of each type as they lie in memory and are passed in core values, and what is none traps. */
import { describe, expect, test } from 'vitest'
import { FdTable } from '../src/abi/fd-table.ts'
import { bits, tuple, variantOf } from '../src/component/canonical/compound.ts'
import { lifted, lowered, functionType, shapeOf } from '../src/component/canonical/function.ts'
import { bytes, list } from '../src/component/canonical/lists.ts'
import { enumeration, flags, option, record, result, variant } from '../src/component/canonical/named.ts'
import {
  bool,
  char,
  f32,
  f64,
  numbered,
  s16,
  s32,
  s64,
  s8,
  u16,
  u32,
  u64,
  u8,
} from '../src/component/canonical/scalars.ts'
import { string } from '../src/component/canonical/text.ts'
import { FlatValues, type FlatValue, type ValueType } from '../src/component/canonical/type.ts'
import { ComponentHost, type Encoding } from '../src/component/host.ts'
import { GuestMemory } from '../src/memory/guest-memory.ts'
import { engine } from '../src/module/engine.ts'
import type { SocketCalls } from '../src/sockets/socket-calls.ts'

const AT = 64

const makeHost = (encoding: Encoding = 'utf8'): ComponentHost => {
  const guest = {
    memory: new GuestMemory(new engine.Memory({ initial: 1 })),
    fds: new FdTable(),
    sockets: {} as SocketCalls,
    http: undefined,
    args: [],
    env: {},
  }
  const host = new ComponentHost(guest, { args: [], env: {}, encoding })
  let top = 1024
  host.realloc = (_old, _oldSize, align, size) => {
    const at = Math.ceil(top / align) * align
    top = at + size
    return at
  }
  return host
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)

/** A type, a value, and how it is passed: its core types, bytes, alignment. */
type Row = readonly [
  name: string,
  type: ValueType<unknown>,
  value: unknown,
  flat: string,
  size: number,
  align: number,
]

const large = record(['first', u8], ['second-field', u64], ['third', u16])
const mixed = variant(['none'], ['float', f32], ['long', u64], ['double', f64], ['text', string])

const rows: readonly Row[] = [
  ['bool', bool, true, 'i', 1, 1],
  ['s8', s8, -128, 'i', 1, 1],
  ['u8', u8, 255, 'i', 1, 1],
  ['s16', s16, -2, 'i', 2, 2],
  ['u16', u16, 65_535, 'i', 2, 2],
  ['s32', s32, -2_147_483_648, 'i', 4, 4],
  ['u32', u32, 4_294_967_295, 'i', 4, 4],
  ['s64', s64, -1n, 'I', 8, 8],
  ['u64', u64, 2n ** 64n - 1n, 'I', 8, 8],
  ['f32', f32, 0.5, 'f', 4, 4],
  ['f64', f64, -0.1, 'F', 8, 8],
  ['char', char, '\u{1f600}', 'i', 4, 4],
  ['string', string, 'Grüße \u{1f600}', 'ii', 8, 4],
  ['an empty string', string, '', 'ii', 8, 4],
  ['bytes', bytes, Uint8Array.of(1, 2, 3), 'ii', 8, 4],
  ['list', list(large), [{ first: 1, secondField: 2n, third: 3 }], 'ii', 8, 4],
  ['record', large, { first: 1, secondField: 2n, third: 3 }, 'iIi', 24, 8],
  ['tuple of nothing', tuple(), [], '', 0, 1],
  ['enum', enumeration('one', 'two'), 'two', 'i', 1, 1],
  ['an enum of 300', numbered(300), 299, 'i', 2, 2],
  ['flags', flags('a', 'b-c', 'd'), { a: false, bC: true, d: true }, 'i', 1, 1],
  [
    '32 flags',
    flags(...names(32)),
    Object.fromEntries(names(32).map((each, index) => [each, index === 31])),
    'i',
    4,
    4,
  ],
  ['40 bits', bits(40), [0x8000_0001, 0xff], 'ii', 8, 4],
  ['none', option(u64), undefined, 'iI', 16, 8],
  ['some', option(u64), 7n, 'iI', 16, 8],
  [
    'an option of an option',
    variantOf([undefined, variantOf([undefined, u8])]),
    { tag: 1, value: { tag: 0, value: undefined } },
    'iii',
    3,
    1,
  ],
  ['ok', result(u8, string), { ok: 9 }, 'iii', 12, 4],
  ['error', result(undefined, u32), { error: 9 }, 'ii', 8, 4],
  ['a case without a value', mixed, { tag: 'none' }, 'iIi', 16, 8],
  ['a float in a wider slot', mixed, { tag: 'float', val: -1.5 }, 'iIi', 16, 8],
  ['a double in the slot of a long', mixed, { tag: 'double', val: Math.PI }, 'iIi', 16, 8],
  ['a string in the slot of a long', mixed, { tag: 'text', val: 'x' }, 'iIi', 16, 8],
  [
    'a variant in a variant',
    variantOf([mixed, u8]),
    { tag: 0, value: { tag: 'float', val: 2.5 } },
    'iiIi',
    24,
    8,
  ],
  ['a float in the slot of an i32', variantOf([f32, u32]), { tag: 0, value: 0.25 }, 'ii', 8, 4],
]

describe.each(rows)('%s', (_name, type, value, flat, size, align) => {
  test('lies in memory as it was put there, and takes its place alone', () => {
    const host = makeHost()
    expect({ flat: type.flat, size: type.size, align: type.align }).toEqual({ flat, size, align })
    host.memory.bytes(AT, 64).fill(0xaa)
    type.store(host, AT, value)
    expect(type.load(host, AT)).toEqual(value)
    expect([...host.memory.copy(AT + size, 8)]).toEqual(Array.from({ length: 8 }, () => 0xaa))
  })

  test('goes through core values', () => {
    const host = makeHost()
    const passed: FlatValue[] = []
    type.lower(host, value, passed)
    expect(passed).toHaveLength(flat.length)
    // As WebAssembly passes them on.
    const typed = passed.map((each, index) => (flat[index] === 'i' ? Number(each) | 0 : each))
    expect(type.lift(new FlatValues(host, typed, flat))).toEqual(value)
  })
})

describe('strings', () => {
  test.each<[Encoding, string]>([
    ['utf16', 'Grüße \u{1f600}'],
    ['latin1+utf16', 'Grüße'],
    ['latin1+utf16', '\u{1f600}'],
  ])('in %s are what they were: %s', (encoding, text) => {
    const host = makeHost(encoding)
    string.store(host, AT, text)
    expect(string.load(host, AT)).toBe(text)
  })
})

describe('what is no value traps', () => {
  const broken: readonly (readonly [
    name: string,
    type: ValueType<unknown>,
    bytes: readonly number[],
    message: RegExp,
  ])[] = [
    ['a case that is not there', result(u8, u8), [2], /no case 2 of 2/],
    ['a surrogate as a char', char, [0, 0xd8, 0, 0], /no Unicode scalar value/],
    ['a list that is not aligned', list(u32), [1, 0, 0, 0, 1, 0, 0, 0], /not aligned to 4/],
    ['a list that is too long', list(u8), [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], /too long/],
    ['bytes that are too many', bytes, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], /too long/],
    ['a string that is too long', string, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f], /too long/],
    ['a string that is not UTF-8', string, [AT + 8, 0, 0, 0, 1, 0, 0, 0, 0xff], /not UTF-8/],
  ]
  test.each(broken)('%s', (_name, type, content, message) => {
    const host = makeHost()
    host.memory.write(AT, Uint8Array.from(content))
    expect(() => type.load(host, AT)).toThrow(message)
  })
})

describe('a function', () => {
  const five = functionType([u32, u32, u32, u32, u32], result(u8, u32))
  const many = functionType(
    Array.from({ length: 17 }, () => u8),
    u8,
  )

  test('passes what is too much in memory', () => {
    expect(shapeOf(five, 'lower')).toEqual({ parameters: 'iiiiii', result: '' })
    expect(shapeOf(five, 'async lower')).toEqual({ parameters: 'ii', result: 'i' })
    expect(shapeOf(five, 'lift')).toEqual({ parameters: 'iiiii', result: 'i' })
    expect(shapeOf(many, 'lower')).toEqual({ parameters: 'i', result: 'i' })
  })

  test('is called by what was passed, and its result is where it is to be', () => {
    const host = makeHost()
    const values = Array.from({ length: 17 }, (_, index) => index)
    const args = lowered(host, many, values)
    expect(args).toHaveLength(1)
    const call = lifted(host, many, args, 'lower')
    expect(call.values).toEqual(values)
    expect(call.finish(200)).toBe(200)
    expect(lifted(host, five, [1, 2, 3, 4, 5, AT], 'lower').finish({ error: 6 })).toBeUndefined()
    expect(result(u8, u32).load(host, AT)).toEqual({ error: 6 })
  })

  test.each([
    ['is not aligned', AT + 1, /not aligned/],
    ['is outside of the memory', 65_536, /EFAULT/],
  ])('whose result has a place that %s traps before the call', (_what, at, message) => {
    let thrown: unknown
    try {
      lifted(makeHost(), five, [1, 2, 3, 4, 5, at], 'lower')
    } catch (error) {
      thrown = error
    }
    expect(thrown instanceof Error ? thrown.message : (thrown as { code: string }).code).toMatch(message)
  })
})
