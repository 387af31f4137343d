import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { spawnScript, tempDir } from '@uds/testkit'
import type { SpawnSettings } from '@uds/testkit'
import { finishedEnvironment, readFinished } from '../src/finished.ts'

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const fixtures = join(import.meta.dirname, 'fixtures')
const LIMIT = { timeout: 60_000 }

const run = async (fixture: string, env: SpawnSettings['env'] = {}) => {
  const script = spawnScript(vitest, ['run', `${fixture}.fixture.ts`], {
    cwd: fixtures,
    env: {
      VITEST: undefined,
      VITEST_POOL_ID: undefined,
      VITEST_WORKER_ID: undefined,
      UDS_REQUIRE: undefined,
      ...env,
    },
  })
  const { code } = await script.exit
  const lines = script.stdout().trimEnd().split('\n')
  return { code, last: lines.at(-1), stdout: script.stdout(), stderr: script.stderr() }
}

test('a test that blocks its thread is named and fails', LIMIT, async () => {
  const { code, last, stdout, stderr } = await run('blocked', {
    UDS_WATCHDOG_MS: '300',
    UDS_WATCHDOG_MARGIN_MS: '0',
  })
  expect(stdout + stderr).toMatch(/WATCHDOG: "waits for ever" has run for more than \d+ ms/)
  expect(last).toMatch(/^0 passed, [1-9]\d* failed/)
  expect(code).not.toBe(0)
})

test('handles that outlive their file fail it', LIMIT, async () => {
  const { code, last, stdout, stderr } = await run('leak')
  expect(stdout + stderr).toContain('left open')
  expect(last).toBe('1 passed, 1 failed')
  expect(code).not.toBe(0)
})

test('a test that passes only when it is tried again is named', LIMIT, async () => {
  const { code, last, stdout } = await run('unsteady')
  expect(stdout).toMatch(/^ {2}.*unsteady\.fixture\.ts > passes the second time\n {4}expected 1 to be 2 /m)
  expect(stdout).not.toContain('> passes at once')
  expect(last).toBe('2 passed, 0 failed')
  expect(code).toBe(0)
})

test('the last line counts; missing programs are named above it', LIMIT, async () => {
  const { code, last, stdout } = await run('mixed', { PATH: tempDir() })
  expect(stdout).toMatch(/^ {2}socat: (apt-get|brew) install socat$|^ {2}socat: not available on Windows$/m)
  expect(last).toBe('1 passed, 2 failed, 2 skipped')
  expect(code).toBe(1)
})

test(
  'what ends is written down where that is asked for, and is not good after an error of nobody',
  LIMIT,
  async () => {
    const path = join(tempDir(), 'finished')
    await run('uncaught', finishedEnvironment(path))
    expect(readFinished(path)).toEqual([
      {
        file: expect.stringMatching(/uncaught\.fixture\.ts$/) as string,
        tally: { passed: 1, failed: 1, skipped: 0 },
      },
    ])
  },
)

test.skipIf(process.platform === 'win32')(
  'UDS_REQUIRE=all fails the file instead of skipping',
  LIMIT,
  async () => {
    const { last, stdout, stderr } = await run('mixed', { PATH: tempDir(), UDS_REQUIRE: 'all' })
    expect(stdout + stderr).toMatch(/UDS_REQUIRE=all demands socat/)
    expect(last).toBe('0 passed, 1 failed')
  },
)
