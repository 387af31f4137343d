import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { tempDir } from '@uds/testkit'
import type * as Testkit from '@uds/testkit'

const windows = process.platform === 'win32'
let dir: string
// Each test has a fresh copy of the module: it remembers what it looked up.
let needs: typeof Testkit.needs
let program: typeof Testkit.program

beforeEach(async () => {
  dir = tempDir()
  vi.stubEnv('PATH', dir)
  vi.stubEnv('UDS_REQUIRE', undefined)
  vi.stubEnv('UDS_TESTKIT_MISSING', join(dir, 'missing'))
  vi.resetModules()
  ;({ needs, program } = await import('@uds/testkit'))
  return () => vi.unstubAllEnvs()
})

test('a program on PATH is found', () => {
  const path = join(dir, windows ? 'socat.exe' : 'socat')
  writeFileSync(path, '')
  chmodSync(path, 0o755)
  expect(program('socat')).toBe(path)
  expect(needs('socat')).toEqual({ path, missing: false })
})

test('a missing program is undefined, and is written down once for the reporter', () => {
  expect(program('socat')).toBeUndefined()
  expect(needs('socat')).toEqual({ path: 'socat', missing: true })
  expect(readFileSync(join(dir, 'missing'), 'utf8')).toBe('socat\n')
})

test.skipIf(windows)('with UDS_REQUIRE=all a missing program is an error that says how to install it', () => {
  vi.stubEnv('UDS_REQUIRE', 'all')
  expect(() => needs('socat')).toThrow(/demands socat.*install socat/)
})

test.runIf(windows)('on Windows UDS_REQUIRE=all does not demand what does not exist there', () => {
  vi.stubEnv('UDS_REQUIRE', 'all')
  expect(needs('socat').missing).toBe(true)
})

test('a program without a row is a mistake in the test', () => {
  expect(() => program('no-such-program' as 'socat')).toThrow(TypeError)
})
