/** What came before an error, or before an interruption, is not lost, and costs no more memory than it has bytes. */
import { errorOf } from '@uds/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { PartialRead } from '../src/index.ts'
import { bytes, expectCode } from './expect.ts'
import { kindsHere } from './kinds.ts'

const partialOf = (call: () => unknown): string =>
  Buffer.from((errorOf(call) as unknown as PartialRead).partial).toString()

describe.each(kindsHere)('$name', (kind) => {
  test('readExact and readToEnd that time out hand over what came', () => {
    const [a, b] = kind.pair()
    b.writeAll(bytes('abc'))
    expect(partialOf(() => a.readExact(5, { timeoutMs: 30 }))).toBe('abc')
    b.writeAll(bytes('def'))
    const error = errorOf(() => a.readToEnd({ timeoutMs: 30 })) as unknown as PartialRead & { code: string }
    expect([error.code, Buffer.from(error.partial).toString()]).toEqual(['ETIMEDOUT', 'def'])
    expect(Object.keys(error)).not.toContain('partial')
    b.writeAll(bytes('too much'))
    expect(partialOf(() => a.readToEnd({ maxBytes: 7 }))).toBe('too much')
    b.close()
    expect(partialOf(() => a.readExact(1))).toBe('')
    a.close()
  })

  test('readToEnd of bytes that come one by one takes no 64 KiB for each', () => {
    const [a, b] = kind.pair()
    let left = 20_000
    // The system joins what is written faster than it is read, so a real peer would have to be slow.
    vi.spyOn(a, 'read').mockImplementation((buffer) => {
      if (left === 0) return 0
      left -= 1
      buffer[0] = left % 251
      return 1
    })
    const before = process.memoryUsage().arrayBuffers
    const got = a.readToEnd()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24)
    expect([got.length, got[0], got.at(-1)]).toEqual([20_000, 19_999 % 251, 0])
    a.close()
    b.close()
  })

  test('the lines go on after a timeout in the middle of one', () => {
    const [a, b] = kind.pair()
    a.setReadTimeout(30)
    const lines = a.lines()
    b.writeAll(bytes('whole\nbeg'))
    expect(lines.next().value).toBe('whole')
    expectCode('ETIMEDOUT', () => lines.next())
    b.writeAll(bytes('un\r'))
    expectCode('ETIMEDOUT', () => lines.next())
    b.writeAll(bytes('\nrest'))
    b.close()
    expect([...lines]).toEqual(['begun', 'rest'])
    expect(lines.next().done).toBe(true)
    a.close()
  })

  test('the chunks go on after a timeout', () => {
    const [a, b] = kind.pair()
    a.setReadTimeout(30)
    const chunks = a[Symbol.iterator]()
    expectCode('ETIMEDOUT', () => chunks.next())
    b.writeAll(bytes('late'))
    b.close()
    expect(Buffer.concat([...chunks]).toString()).toBe('late')
    a.close()
  })

  test('lines of any length, split anywhere, are the lines that were written', () => {
    const [a, b] = kind.pair()
    const written = [0, 1, 16_383, 65_535, 65_536, 0, 200_001, 3, 49_152, 49_153].map((length, index) =>
      String.fromCodePoint(97 + index).repeat(length),
    )
    const text = bytes(written.join('\n'))
    let at = 0
    vi.spyOn(a, 'read').mockImplementation((buffer) => {
      const some = Math.min(buffer.length, 1 + ((at * 7919) % 30_000))
      const copied = text.copy(buffer, 0, at, at + some)
      at += copied
      return copied
    })
    expect([...a.lines()]).toEqual(written)
    a.close()
    b.close()
  })

  test('readVectored waits only for its first byte, though another thread took what it saw', () => {
    const [a, b] = kind.pair()
    b.writeAll(bytes('four'))
    // What available counts is gone by the time of the read.
    vi.spyOn(a, 'available').mockReturnValue(10)
    const parts = [Buffer.alloc(4), Buffer.alloc(4)]
    expect(a.readVectored(parts)).toBe(4)
    a.close()
    b.close()
  })
})
