import { codeOfCall } from '@uds/testkit'
import { expect, test } from 'vitest'
import fc from 'fast-check'
import { json, msgpack, raw, structuredClone } from '@uds/events'
import type { Codec } from '@uds/events'

const limits = { maxDepth: 64 }
const through = (codec: Codec, value: unknown): unknown => {
  if (codec.kind === 'text') return codec.decode(codec.encode(value), limits)
  return codec.decode(Buffer.from(codec.encode(value)), limits)
}

for (const codec of [json, msgpack, structuredClone]) {
  test(`${codec.name}: what can be written is read back`, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has one zero, so the values are taken through it first.
        const plain: unknown = JSON.parse(JSON.stringify(value))
        if (JSON.stringify(plain).includes('__proto__')) return
        expect(through(codec, plain)).toEqual(plain)
      }),
    )
  })

  test(`${codec.name}: a key __proto__ never becomes a prototype`, () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}')
    const got = through(codec, hostile) as { admin?: unknown }
    expect(got.admin).toBeUndefined()
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })
}

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

for (const codec of [json, msgpack]) {
  test(`${codec.name}: nesting up to the limit is read, one more is ERR_TOO_DEEP`, () => {
    const deepest = nested(limits.maxDepth)
    // Long enough that the quick test of the length does not answer.
    const padding = 'x'.repeat(1000)
    expect(codeOfCall(() => through(codec, [nested(limits.maxDepth - 1), padding]))).toBe('no error')
    expect(codeOfCall(() => through(codec, [deepest, padding]))).toBe('ERR_TOO_DEEP')
  })

  test(`${codec.name}: brackets inside of text, and many flat values, are not depth`, () => {
    const flat = Array.from({ length: 500 }, (_, at) => [at, '[{"\\', { a: [] }])
    expect(through(codec, flat)).toEqual(flat)
  })
}

test('json: a depth that would overflow a stack is refused before it is parsed', () => {
  expect(codeOfCall(() => json.decode('['.repeat(1_000_000), limits))).toBe('ERR_TOO_DEEP')
})

test('msgpack: any bytes give a value or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        msgpack.decode(Buffer.from(bytes), limits)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
    { numRuns: 500 },
  )
})

test('msgpack: dates and bytes inside objects arrive as such', () => {
  const value = { at: new Date(0), bytes: Buffer.from([1, 2]) }
  expect(through(msgpack, value)).toEqual(value)
})

test('structuredClone: maps, sets and big numbers arrive as such', () => {
  const value = { map: new Map([[1, new Set(['a'])]]), big: 12n }
  expect(through(structuredClone, value)).toEqual(value)
})

test('raw: bytes and text arrive as bytes, everything else is refused at the sender', () => {
  expect(through(raw, 'é')).toEqual(Buffer.from('é'))
  expect(codeOfCall(() => raw.encode({}))).toBe('ERR_BAD_PAYLOAD')
})

test('json: what has no JSON form is refused at the sender', () => {
  expect(codeOfCall(() => json.encode(() => {}))).toBe('ERR_BAD_PAYLOAD')
  expect(() => json.encode(1n)).toThrow(TypeError)
})
