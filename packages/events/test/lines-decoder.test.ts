import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineDecoder } from '../src/lines/line-decoder.ts'

const decode = (
  chunks: readonly Uint8Array[],
  maxLineBytes = 1000,
  expected: readonly string[] = [],
): string[] => {
  const items: string[] = []
  const decoder = new LineDecoder(
    {
      line: (text) => items.push(`line ${text}`),
      expected: () => items.push('expected'),
      broken: (code, reason) => items.push(`broken ${code} ${reason}`),
    },
    { maxLineBytes },
  )
  for (const message of expected) decoder.expect(Buffer.from(message))
  for (const chunk of chunks) decoder.push(chunk)
  decoder.end()
  return items
}
const one = (text: string, ...expected: string[]): string[] => decode([Buffer.from(text)], 1000, expected)
const byteByByte = (text: string, ...expected: string[]): string[] =>
  decode(
    Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)),
    1000,
    expected,
  )
const cut = (stream: Uint8Array, at: readonly number[]): Uint8Array[] => {
  const ends = [...at.map((n) => n % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  return ends.map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end))
}

describe('lines', () => {
  test.each([
    ['a\nb\n', ['line a', 'line b']],
    ['a\r\nb\r\n', ['line a', 'line b']],
    ['a\rb\r', ['line a', 'line b']],
    ['\n\r\n\r', ['line ', 'line ', 'line ']],
    ['a\n\rb', ['line a', 'line ', 'line b']],
    ['no end', ['line no end']],
    ['\ufeffé😀\0\n', ['line \ufeffé😀\0']],
    ['', []],
  ])('%j is %j, also byte by byte', (text, lines) => {
    expect(one(text)).toEqual(lines)
    expect(byteByByte(text)).toEqual(lines)
  })

  test('a line over the limit breaks the stream, whether or not its end has come', () => {
    const broken = 'broken EMSGSIZE a line is longer than 4 bytes'
    expect(decode([Buffer.from('1234\n12345\nx\n')], 4)).toEqual(['line 1234', broken])
    expect(decode([Buffer.from('123'), Buffer.from('45'), Buffer.from('\nx\n')], 4)).toEqual([broken])
  })

  test('bytes that are not UTF-8 break the stream after the lines before them', () => {
    const expected = ['line a', 'broken EPROTO a line is not UTF-8']
    expect(decode([Buffer.from('a\nb\xff\nc\n', 'latin1')])).toEqual(expected)
  })
})

describe('an expected message', () => {
  test.each([
    ['__ACK__\nnext\n', ['__ACK__\n'], ['expected', 'line next']],
    ['other\n__ACK__\n__ACK__\n', ['__ACK__\n'], ['line other', 'expected', 'line __ACK__']],
    ['okok\nrest\n', ['ok', 'ok'], ['expected', 'expected', 'line ', 'line rest']],
    ['oh\nok', ['ok'], ['line oh', 'expected']],
    ['two\nlines\nx\n', ['two\nlines\n'], ['expected', 'line x']],
    ['two\nother\n', ['two\nlines\n'], ['line two', 'line other']],
    ['two\nli', ['two\nlines\n'], ['line two', 'line li']],
    ['book\n', ['ok\n'], ['line book']],
  ])('%j with %j is %j, also byte by byte', (text, expected, items) => {
    expect(one(text, ...expected)).toEqual(items)
    expect(byteByByte(text, ...expected)).toEqual(items)
  })
})

describe('for any bytes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r', '\0', 'ok') })

  test('a text is cut where universal newlines are, however the bytes are split', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (sent, at) => {
        const parts = sent.split(/\r\n|\n|\r/)
        if (parts.at(-1) === '') parts.pop()
        expect(decode(cut(Buffer.from(sent), at))).toEqual(parts.map((part) => `line ${part}`))
      }),
      { numRuns: 500 },
    )
  })

  test('any split of any bytes gives the same', () => {
    const pieces = fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array({ maxLength: 8 }),
    )
    const expected = fc.array(fc.constantFrom('ok', 'ok\n', 'a\n', 'a\r'), { maxLength: 3 })
    fc.assert(
      fc.property(fc.array(pieces), fc.array(fc.nat()), expected, (parts, at, messages) => {
        const stream = Buffer.concat(parts)
        expect(decode(cut(stream, at), 12, messages)).toEqual(decode([stream], 12, messages))
      }),
      { numRuns: 1000 },
    )
  })

  test('random bytes never make the decoder throw', () => {
    const byte = fc.oneof(fc.integer({ min: 10, max: 13 }), fc.integer({ min: 0, max: 255 }))
    const chunk = fc.array(byte, { maxLength: 64 }).map((chosen) => Uint8Array.from(chosen))
    fc.assert(
      fc.property(chunk, (bytes) => {
        expect(() => decode([bytes, bytes], 40, ['\r\n', '\n\n'])).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })
})
