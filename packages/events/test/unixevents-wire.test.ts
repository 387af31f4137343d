import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameDecoder } from '../src/unixevents/frames/frame-decoder.ts'
import { MAX_DEPTH } from '../src/unixevents/frames/json-depth.ts'
import { FrameEncoder } from '../src/unixevents/frames/frame-encoder.ts'
import { decodePayload } from '../src/unixevents/frames/payload.ts'

interface Recorded {
  readonly writer: 'js' | 'py'
  readonly role: 'server' | 'client'
  readonly event: string
  readonly payload: unknown
  readonly frame: string
}
const fixture = join(import.meta.dirname, 'fixtures/unixevents-frames.json')
const recorded = (JSON.parse(readFileSync(fixture, 'utf8')) as { frames: Recorded[] }).frames

type Item = { event: string; payload: unknown } | { skipped: string } | { broken: string; reason: string }

const MAX = 1_048_576

const decode = (chunks: readonly Uint8Array[], maxFrameBytes = MAX): Item[] => {
  const items: Item[] = []
  const decoder = new FrameDecoder(
    {
      frame: (event, payload) => items.push({ event, payload }),
      skipped: (reason) => items.push({ skipped: reason }),
      broken: (code, reason) => items.push({ broken: code, reason }),
    },
    { maxFrameBytes },
  )
  for (const chunk of chunks) decoder.push(chunk)
  decoder.end()
  return items
}
const bytes = (text: string): Buffer => Buffer.from(text)
const one = (text: string): Item[] => decode([bytes(text)])
const textOf = (raw: unknown): unknown => decodePayload(raw, 'string')
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const values = (items: readonly { event?: string; payload?: unknown }[]): unknown =>
  items.map(({ event, payload }) => [event, decodePayload(payload, 'json')])
const frame = (event: string, payload: unknown): string => new FrameEncoder('c-').encode(event, payload)

/** The published format, read by nothing of ours: text up to a `;;`, which is one JSON object. */
const independentReader = (text: string): { event: string; payload: unknown }[] => {
  const parts = text.split(';;')
  expect(parts.pop()).toBe('')
  return parts.map((part) => JSON.parse(part) as { event: string; payload: unknown })
}

describe('recorded streams of JavaScript 1.5.2 and of Python', () => {
  const stream = bytes(recorded.map(({ frame: text }) => text).join(''))
  const expected = recorded.map(({ frame: text }) => JSON.parse(text.slice(0, -2)) as Item)

  test('are decoded exactly', () => {
    expect(decode([stream])).toEqual(expected)
    expect(expected).toHaveLength(85)
  })

  test('are decoded exactly when split at every byte offset', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(decode([stream.subarray(0, at), stream.subarray(at)]), `split at ${at}`).toEqual(expected)
    }
  })

  test('are decoded exactly byte by byte', () => {
    expect(decode(Array.from(stream, (_, at) => stream.subarray(at, at + 1)))).toEqual(expected)
  })

  test('give each payload as it was sent, but for what the wire itself cannot tell', () => {
    for (const { frame: text, payload } of recorded) {
      const raw = (JSON.parse(text.slice(0, -2)) as { payload: unknown }).payload
      const value = decodePayload(raw, 'json')
      // The text 'null' and '[1]' are written like the values null and [1].
      const expectedValue = payload === 'null' ? null : payload === '[1]' ? [1] : payload
      expect(value, text).toEqual(expectedValue)
    }
  })

  test("give the texts that JavaScript 1.5.2's own handlers got in the mode 'string'", () => {
    expect([textOf(42), textOf(1.5), textOf(true), textOf('x'), textOf('{"a":1}'), textOf(1e21)]).toEqual([
      '42',
      '1.5',
      'true',
      'x',
      '{"a":1}',
      '1e+21',
    ])
    expect(textOf([1, 'two', { b: 2 }, null, [3]])).toBe('1,two,[object Object],,3')
    expect(textOf({ a: 1 })).toBe('[object Object]')
    expect([textOf(null), textOf(undefined)]).toEqual(['null', 'null'])
    expect(textOf(JSON.parse('{"toString":1,"__proto__":2}'))).toBe('[object Object]')
  })
})

describe('our frames', () => {
  test('are those of JavaScript 1.5.2, byte for byte, wherever no `;;` is inside', () => {
    const comparable = recorded.filter(
      ({ writer, frame: text }) => writer === 'js' && !text.slice(0, -2).includes(';;'),
    )
    for (const { role, event, payload, frame: text } of comparable) {
      expect(new FrameEncoder(role === 'server' ? 's-' : 'c-').encode(event, payload)).toBe(text)
    }
    expect(comparable).toHaveLength(40)
  })

  test('carry Buffer, Date and undefined as JavaScript 1.5.2 writes them', () => {
    expect(frame('e', Buffer.from('a'))).toBe(
      String.raw`{"event":"c-e","payload":"{\"type\":\"Buffer\",\"data\":[97]}"};;`,
    )
    expect(frame('e', new Date(0))).toBe(
      String.raw`{"event":"c-e","payload":"\"1970-01-01T00:00:00.000Z\""};;`,
    )
    expect(frame('e', undefined)).toBe('{"event":"c-e","payload":"null"};;')
    expect(frame('e', { toJSON: () => {} })).toBe('{"event":"c-e","payload":"null"};;')
  })

  test('never hold `;;` before their end, whatever is sent', () => {
    const texts = [';;', ';;;', ';;;;', 'a;;b;;', { 'k;;': [';;;'] }, [';', ';;'], ';'.repeat(9)]
    for (const value of texts) {
      const text = frame('e;;v', value)
      const [read] = independentReader(text)
      expect(text.indexOf(';;')).toBe(text.length - 2)
      expect(read?.event).toBe('c-e;;v')
      expect(decodePayload(read?.payload, 'json')).toEqual(value)
    }
  })

  test('refuse what JSON cannot hold with a code', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    expect(() => frame('e', cyclic)).toThrow(TypeError)
    expect(() => frame('e', { n: 1n })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => frame('e', 1n)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => frame('e', () => {})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => frame('e', Symbol('s'))).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => frame('e', Number.NaN)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(() => frame('e', -Infinity)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  test('refuse nesting that a reader would refuse', () => {
    expect(() => frame('e', nested(MAX_DEPTH + 1))).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    const [read] = independentReader(frame('e', nested(MAX_DEPTH)))
    expect(decodePayload(read?.payload, 'json')).toEqual(nested(MAX_DEPTH))
  })

  test('go on being right when more event names are used than are remembered', () => {
    const encoder = new FrameEncoder('s-')
    for (let name = 0; name < 3000; name++) {
      expect(encoder.encode(`n${name}`, 1)).toBe(`{"event":"s-n${name}","payload":1};;`)
    }
    expect(encoder.encode('n0', 1)).toBe('{"event":"s-n0","payload":1};;')
  })
})

describe('the decoder', () => {
  test('skips a frame that is not JSON and reads those after it', () => {
    expect(one('{"event":"c-a","payload":1};;{bad};;{"event":"c-b","payload":2};;')).toEqual([
      { event: 'c-a', payload: 1 },
      { skipped: expect.stringContaining('{bad}') },
      { event: 'c-b', payload: 2 },
    ])
  })

  test('skips a frame without an event name', () => {
    expect(one('{"payload":1};;{"event":7,"payload":1};;{"event":"c-b"};;')).toEqual([
      { skipped: expect.stringContaining('names no event') },
      { skipped: expect.stringContaining('names no event') },
      { event: 'c-b', payload: undefined },
    ])
  })

  test('reads the NaN and Infinity that Python writes, as null and as numbers', () => {
    const text = '{"event":"c-a","payload":NaN};;{"event":"c-b","payload":[Infinity,-Infinity,"NaN;;",NaN]};;'
    expect(one(text)).toEqual([
      { event: 'c-a', payload: null },
      { event: 'c-b', payload: [Infinity, -Infinity, 'NaN;;', null] },
    ])
  })

  test('passes over white space and spare semicolons between frames', () => {
    expect(one('\n {"event":"c-a","payload":1};;;\r\n\t;;{"event":"c-b","payload":2} ;;\n')).toEqual([
      { event: 'c-a', payload: 1 },
      { event: 'c-b', payload: 2 },
    ])
  })

  test('breaks at text that no frame begins with, and keeps what came before', () => {
    expect(one('{"event":"c-a","payload":1};;garbage;;{"event":"c-b","payload":2};;')).toEqual([
      { event: 'c-a', payload: 1 },
      { broken: 'EPROTO', reason: expect.stringContaining('not with "g"') },
    ])
  })

  test('breaks at bytes that are not UTF-8, and keeps what came before', () => {
    const stream = Buffer.concat([
      bytes('{"event":"c-é","payload":1};;{"event":"c-b'),
      Buffer.from([0xff]),
      bytes('";;'),
    ])
    const expected = [
      { event: 'c-é', payload: 1 },
      { broken: 'EPROTO', reason: 'the stream is not UTF-8' },
    ]
    expect(decode([stream])).toEqual(expected)
    expect(decode(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  test('breaks at a frame over the limit, counted in bytes, whether or not its end has come', () => {
    const exact = frame('e', 'é'.repeat(100))
    const size = Buffer.byteLength(exact) - 2
    expect(decode([bytes(exact)], size)).toMatchObject([{ event: 'c-e' }])
    expect(decode([bytes(exact)], size - 1)).toMatchObject([{ broken: 'EMSGSIZE' }])
    const endless = bytes(`{"event":"c-e","payload":"${'x'.repeat(5000)}`)
    expect(decode([endless.subarray(0, 3000), endless.subarray(3000)], 1000)).toMatchObject([
      { broken: 'EMSGSIZE' },
    ])
  })

  test('tells when the stream ends in the middle of a frame or a character', () => {
    const broken = { broken: 'EPROTO', reason: 'the stream ended in the middle of a frame' }
    expect(one('{"event":"c-a","pay')).toEqual([broken])
    expect(one('{"event":"c-a","payload":1};')).toEqual([broken])
    expect(decode([Buffer.from([0xc3])])).toEqual([broken])
    expect(one('{"event":"c-a","payload":1};;\n')).toHaveLength(1)
  })

  test('treats prototype names as data', () => {
    const [item] = one(
      '{"__proto__":{"event":"c-evil"},"event":"c-__proto__","payload":{"__proto__":{"x":1}}};;',
    )
    expect(item).toMatchObject({ event: 'c-__proto__' })
    expect(({} as { x?: number }).x).toBeUndefined()
    expect(Object.keys((item as { payload: object }).payload)).toEqual(['__proto__'])
    expect(one('{"__proto__":{"event":"c-evil"}};;')).toMatchObject([{ skipped: expect.anything() }])
  })

  test('skips a frame that is nested too deep, and leaves such a text a text', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(one(`{"event":"c-a","payload":${deep}};;{"event":"c-b","payload":1};;`)).toEqual([
      { skipped: expect.stringContaining('nested') },
      { event: 'c-b', payload: 1 },
    ])
    expect(decodePayload(deep, 'json')).toBe(deep)
  })

  test('may be given a buffer that is used again', () => {
    const text = bytes(frame('e', '€'.repeat(10)).repeat(3))
    const items: Item[] = []
    const decoder = new FrameDecoder(
      {
        frame: (event, payload) => items.push({ event, payload }),
        skipped: expect.unreachable,
        broken: expect.unreachable,
      },
      { maxFrameBytes: MAX },
    )
    const buffer = new Uint8Array(5)
    for (let at = 0; at < text.length; at += 5) {
      const part = text.subarray(at, at + 5)
      buffer.set(part)
      decoder.push(buffer.subarray(0, part.length))
      buffer.fill(0)
    }
    expect(items).toEqual(Array.from({ length: 3 }, () => ({ event: 'c-e', payload: '€'.repeat(10) })))
  })
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(';', '"', '\\', '{', '}', 'é', '😀', 'n', '\n', '\0') }),
)
// What comes back as it was sent: a text that looks like JSON does not, see the mode 'json'.
const plainText = anyText.filter((text) => !/^(?:[[{]|null$)/.test(text))
const value = fc.oneof(
  plainText,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
  fc.boolean(),
  fc.constant(null),
  fc
    .jsonValue()
    .filter((json) => typeof json === 'object')
    .map((json) => JSON.parse(JSON.stringify(json)) as unknown),
)
const cut = (stream: Uint8Array, at: readonly number[]): Uint8Array[] => {
  const ends = [...at.map((n) => n % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  return ends.map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end))
}

describe('for any values', () => {
  test('what is encoded is decoded, however the bytes are split, also by the independent reader', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, value), { maxLength: 6 }), fc.array(fc.nat()), (sent, at) => {
        const text = sent.map(([event, payload]) => frame(event, payload)).join('')
        // JSON.stringify writes a lone surrogate as an escape, so it comes back as it is.
        const expected = sent.map(([event, payload]) => [`c-${event}`, payload])
        expect(values(decode(cut(bytes(text), at)) as { event: string }[])).toEqual(expected)
        expect(values(independentReader(text))).toEqual(expected)
      }),
    )
  })

  test('any split of any bytes gives the same frames', () => {
    const pieces = fc.oneof(
      anyText.map((text) => bytes(text)),
      fc.tuple(anyText, value).map(([event, payload]) => bytes(frame(event, payload))),
      fc.constantFrom(...recorded.map(({ frame: text }) => bytes(text))),
      fc.uint8Array({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 5 }), fc.array(fc.nat()), (parts, at) => {
        const stream = Buffer.concat(parts)
        expect(decode(cut(stream, at), 400)).toEqual(decode([stream], 400))
      }),
      { numRuns: 500 },
    )
  })

  test('random bytes never make the decoder throw', () => {
    const likely = fc.constantFrom(...bytes('{}[]":;;;;,\\ceventpaylod0 \n'))
    const byte = fc.oneof({ weight: 50, arbitrary: likely }, fc.integer({ min: 0, max: 255 }))
    const chunk = fc.array(byte, { maxLength: 200 }).map((chosen) => Uint8Array.from(chosen))
    fc.assert(
      fc.property(chunk, (random) => {
        expect(() => decode([Buffer.from('{'), random, random.subarray(100)], 150)).not.toThrow()
      }),
      { numRuns: 3000 },
    )
  })
})
