import { existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freshName, socketPath, tempDir } from '@uds/testkit'

describe('tempDir', () => {
  let earlier: string

  test('is a new empty directory', () => {
    earlier = tempDir()
    writeFileSync(join(earlier, 'file'), 'x')
    expect(statSync(earlier).isDirectory()).toBe(true)
    expect(tempDir()).not.toBe(earlier)
  })

  test('is gone, with what is in it, when its test has ended', () => {
    expect(earlier).toBeTruthy()
    expect(existsSync(earlier)).toBe(false)
  })
})

describe('socketPath', () => {
  test('is free, in a directory that exists, and fits into sun_path', () => {
    const path = socketPath()
    expect(existsSync(path)).toBe(false)
    expect(existsSync(dirname(path))).toBe(true)
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103)
  })

  test('refuses a name that does not fit', () => {
    expect(() => socketPath('n'.repeat(103))).toThrow(/more than 103/)
  })
})

test('freshName never repeats', () => {
  const names = new Set(Array.from({ length: 1000 }, freshName))
  expect(names.size).toBe(1000)
})
