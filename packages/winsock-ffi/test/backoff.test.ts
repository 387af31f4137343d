/** The pauses between attempts. */
import { expect, test } from 'vitest'
import { Backoff } from '@uds/winsock-ffi/internal'

const never = (): number => 0
const always = (): number => 1

test('each pause is longer than the one before, up to the longest', () => {
  const backoff = new Backoff({ initialMs: 5, maxMs: 200 })
  expect(Array.from({ length: 8 }, () => backoff.next(never))).toEqual([5, 10, 20, 40, 80, 160, 200, 200])
  backoff.reset()
  expect(backoff.next(never)).toBe(5)
})

test('chance takes its part, and no more', () => {
  expect(new Backoff({ initialMs: 100, maxMs: 100 }).next(always)).toBe(50)
  expect(new Backoff({ initialMs: 100, maxMs: 100, jitter: 0 }).next(always)).toBe(100)
})
