import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { IncompleteReadError, LimitOverrunError, StreamReader } from '@uds/stream'

const reading = (...chunks: (string | Buffer)[]): [StreamReader, PassThrough] => {
  const stream = new PassThrough()
  const reader = new StreamReader(stream)
  for (const chunk of chunks) stream.write(chunk)
  return [reader, stream]
}

const ended = (...chunks: (string | Buffer)[]): StreamReader => {
  const [reader, stream] = reading(...chunks)
  stream.end()
  return reader
}

/** A promise that must not settle yet. */
const settledAfterTurn = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  const mark = (): void => {
    settled = true
  }
  promise.then(mark, mark)
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('StreamReader.read', () => {
  test('gives what is there, up to n', async () => {
    const reader = ended('hello world')
    expect(String(await reader.read(5))).toBe('hello')
    expect(String(await reader.read(100))).toBe(' world')
  })

  test('waits for the first byte', async () => {
    const [reader, stream] = reading()
    const promise = reader.read(10)
    expect(await settledAfterTurn(promise)).toBe(false)
    stream.write('x')
    expect(String(await promise)).toBe('x')
  })

  test('without n gives everything up to the end', async () => {
    expect(String(await ended('a', 'b', 'c').read())).toBe('abc')
  })

  test('gives an empty buffer at the end, again and again', async () => {
    const reader = ended()
    expect(await reader.read(1)).toHaveLength(0)
    expect(await reader.read()).toHaveLength(0)
    expect(reader.atEof()).toBe(true)
  })

  test('of 0 bytes does not wait', async () => {
    const [reader] = reading()
    expect(await reader.read(0)).toHaveLength(0)
  })

  test('a byte that came before an error is read before the error is thrown', async () => {
    const [reader, stream] = reading('kept')
    await new Promise((resolve) => setImmediate(resolve))
    expect(String(await reader.read(1))).toBe('k')
    stream.destroy(new Error('gone'))
    expect(String(await reader.read(3))).toBe('ept')
    await expect(reader.read(1)).rejects.toThrow('gone')
    await expect(reader.readLine()).rejects.toThrow('gone')
  })

  test('an abort rejects with its reason and loses no byte', async () => {
    const [reader, stream] = reading()
    const abort = new AbortController()
    const promise = reader.read(5, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(promise).rejects.toThrow('enough')
    stream.write('later')
    expect(String(await reader.read(5))).toBe('later')
  })

  test('a second read while one waits is an error and does no harm to the first', async () => {
    const [reader, stream] = reading()
    const first = reader.read(1)
    await expect(reader.read(1)).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' })
    stream.write('x')
    expect(String(await first)).toBe('x')
  })

  test.each([1.5, -2, Number.NaN, '3'])('of %s bytes is refused', async (n) => {
    const [reader] = reading()
    await expect(reader.read(n as number)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  })
})

describe('StreamReader.readExactly', () => {
  test('waits for all bytes', async () => {
    const [reader, stream] = reading('ab')
    const promise = reader.readExactly(4)
    expect(await settledAfterTurn(promise)).toBe(false)
    stream.write('cdef')
    expect(String(await promise)).toBe('abcd')
    expect(String(await reader.read(10))).toBe('ef')
  })

  test('throws IncompleteReadError with the partial bytes at the end', async () => {
    const reader = ended('abc')
    const error: unknown = await reader.readExactly(10).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(error).toMatchObject({ code: 'ERR_INCOMPLETE_READ', expected: 10 })
    expect(String((error as IncompleteReadError).partial)).toBe('abc')
    expect(reader.atEof()).toBe(true)
  })

  test('reads more than the buffers of the stream hold', async () => {
    const [reader, stream] = reading()
    const data = Buffer.alloc(1_000_000, 'xyz')
    stream.end(data)
    expect((await reader.readExactly(data.length)).equals(data)).toBe(true)
  })
})

describe('StreamReader.readUntil', () => {
  test('ends with the separator', async () => {
    const reader = ended('a;;b;;')
    expect(String(await reader.readUntil(';;'))).toBe('a;;')
    expect(String(await reader.readUntil(Buffer.from(';;')))).toBe('b;;')
  })

  test('finds a separator that is split between chunks', async () => {
    const [reader, stream] = reading('one\r')
    const promise = reader.readUntil('\r\n')
    expect(await settledAfterTurn(promise)).toBe(false)
    stream.write('\ntwo')
    expect(String(await promise)).toBe('one\r\n')
  })

  test('of several separators the one that ends first counts', async () => {
    const reader = ended('a--b\nc')
    expect(String(await reader.readUntil(['\n', '--']))).toBe('a--')
    expect(String(await reader.readUntil(['\n', '--']))).toBe('b\n')
  })

  test('throws IncompleteReadError with what came, without an expected length', async () => {
    await expect(ended('abc').readUntil('\n')).rejects.toMatchObject({
      code: 'ERR_INCOMPLETE_READ',
      expected: undefined,
      partial: Buffer.from('abc'),
    })
  })

  test('beyond the limit throws LimitOverrunError and keeps the bytes', async () => {
    const stream = new PassThrough()
    const reader = new StreamReader(stream, { limit: 4 })
    stream.end('0123456789\nrest')
    await expect(reader.readUntil('\n')).rejects.toBeInstanceOf(LimitOverrunError)
    expect(String(await reader.readExactly(11))).toBe('0123456789\n')
  })

  test('a piece of exactly the limit is given', async () => {
    const stream = new PassThrough()
    const reader = new StreamReader(stream, { limit: 4 })
    stream.end('0123\n')
    expect(String(await reader.readUntil('\n'))).toBe('0123\n')
  })

  test.each([[''], [[]], [7], [['a', '']]])('a separator of %j is refused', async (separator) => {
    await expect(ended('x').readUntil(separator as string)).rejects.toThrow(/separator/)
  })
})

describe('StreamReader.readLine', () => {
  test('gives the line with its end, then what is left, then nothing', async () => {
    const reader = ended('one\ntwo')
    expect(String(await reader.readLine())).toBe('one\n')
    expect(String(await reader.readLine())).toBe('two')
    expect(await reader.readLine()).toHaveLength(0)
  })

  test('a line beyond the limit is thrown away, and the next one is read', async () => {
    const stream = new PassThrough()
    const reader = new StreamReader(stream, { limit: 8 })
    stream.end(`${'x'.repeat(20)}\nnext\n`)
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'ERR_LIMIT_OVERRUN' })
    expect(String(await reader.readLine())).toBe('next\n')
  })

  test('the iterator gives every line', async () => {
    const lines: string[] = []
    for await (const line of ended('a\nb', 'c\n\nd')) lines.push(String(line))
    expect(lines).toEqual(['a\n', 'bc\n', '\n', 'd'])
  })
})

test('a reader that does not read holds its sender up', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 })
  const reader = new StreamReader(stream)
  stream.write(Buffer.alloc(10_000))
  await new Promise((resolve) => setImmediate(resolve))
  expect(stream.writableNeedDrain).toBe(true)
  expect(await reader.readExactly(10_000)).toHaveLength(10_000)
})

test('any split of the bytes gives the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 30 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 }),
      async (texts, cuts) => {
        const lines = texts.map((text) => `${text.replaceAll('\n', ' ')}\n`)
        let rest = Buffer.from(lines.join(''))
        const chunks: Buffer[] = []
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut))
          rest = rest.subarray(cut)
        }
        const found: string[] = []
        for await (const line of ended(...chunks, rest)) found.push(String(line))
        expect(found).toEqual(lines)
      },
    ),
    { numRuns: 100 },
  )
})
