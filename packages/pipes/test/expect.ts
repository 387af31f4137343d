import { errorOf } from '@uds/testkit'
import { expect } from 'vitest'

/** The call fails with this code. */
export const expectCode = (code: string, call: () => unknown): void => {
  expect(errorOf(call).code).toBe(code)
}

/** Milliseconds that a call takes, whether it throws or not. */
export const duration = (call: () => unknown): number => {
  const start = performance.now()
  try {
    call()
  } catch {
    // What it throws is asked for elsewhere.
  }
  return performance.now() - start
}

export const bytes = (text: string): Buffer => Buffer.from(text)

/** Bytes that differ, so that an exchange would show. */
export const pattern = (length: number): Buffer => {
  const data = Buffer.alloc(length)
  for (let at = 0; at < length; at += 1) data[at] = (at * 31 + (at >> 8)) & 0xff
  return data
}
