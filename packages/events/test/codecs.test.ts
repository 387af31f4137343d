import { codeOfCall } from '@uds/testkit'
import { expect, onTestFinished, test } from 'vitest'
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

for (const codec of [json, msgpack]) {
  test(`${codec.name}: as many values as the limit are read, more are ERR_TOO_MANY_VALUES`, () => {
    const most = { maxDepth: 64, maxValues: 100 }
    const decode = (value: unknown): unknown =>
      codec.kind === 'text'
        ? codec.decode(codec.encode(value), most)
        : codec.decode(Buffer.from(codec.encode(value)), most)
    expect(decode(Array.from({ length: 98 }, () => 1))).toHaveLength(98)
    expect(codeOfCall(() => decode(Array.from({ length: 101 }, () => 1)))).toBe('ERR_TOO_MANY_VALUES')
    expect(codeOfCall(() => decode(Array.from({ length: 101 }, () => [])))).toBe('ERR_TOO_MANY_VALUES')
    expect(codeOfCall(() => decode({ list: Array.from({ length: 101 }, () => ({ a: 1 })) }))).toBe(
      'ERR_TOO_MANY_VALUES',
    )
    // Commas and brackets inside of text are no values.
    expect(decode([',[{'.repeat(200)])).toHaveLength(1)
  })
}

// PROTOCOL.md P3
test('msgpack: no function is ever made from what a peer sent, whatever the extension and its size', () => {
  const compiled: unknown[] = []
  const { Function: real } = globalThis
  globalThis.Function = new Proxy(real, {
    construct: (target, args: string[]) => {
      compiled.push(args)
      return Reflect.construct(target, args) as object
    },
  })
  onTestFinished(() => {
    globalThis.Function = real
  })
  // The definition of a record with the key "chosen", as fixext 1 and as ext 8, and uses of it.
  const key = Buffer.concat([Buffer.from([0x91, 0xa6]), Buffer.from('chosen')])
  const uses = Buffer.from([1, 0x40, 2, 0x40, 3, 0x40, 4, 0x40, 5])
  const fixed = Buffer.concat([Buffer.from([0x95, 0xd4, 0x72, 0x40]), key, uses])
  const sized = Buffer.concat([Buffer.from([0x95, 0xc7, 0x01, 0x72, 0x40]), key, uses])
  for (const bytes of [fixed, sized]) {
    expect(codeOfCall(() => msgpack.decode(bytes, limits))).toBe('ERR_BAD_PAYLOAD')
    // Nothing of it stays: the next payload reads plain numbers.
    expect(msgpack.decode(Buffer.from([0x92, 0x40, 0x41]), limits)).toEqual([0x40, 0x41])
  }
  for (let type = 1; type < 0xff; type++) {
    const bytes = Buffer.from([0x91, 0xd4, type, 0x00])
    expect(
      codeOfCall(() => msgpack.decode(bytes, limits)),
      `extension ${type}`,
    ).toBe('ERR_BAD_PAYLOAD')
  }
  expect(compiled).toEqual([])
})

test('msgpack: dates and undefined inside of values are read back', () => {
  const value = [new Date(0), new Date(1_700_000_000_123), undefined, { a: undefined }]
  expect(through(msgpack, value)).toEqual(value)
})

test('msgpack: a length that the payload does not have is refused before memory is allocated for it', () => {
  for (const bytes of [
    [0xdd, 0x07, 0x00, 0x00, 0x00],
    [0xdf, 0x07, 0x00, 0x00, 0x00],
    [0xc6, 0x07, 0x00, 0x00, 0x00],
    [0xdb, 0x07, 0x00, 0x00, 0x00],
    [0xc9, 0x07, 0x00, 0x00, 0x00, 0xff],
  ]) {
    expect(codeOfCall(() => msgpack.decode(Buffer.from(bytes), limits))).toBe('ERR_BAD_PAYLOAD')
  }
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
