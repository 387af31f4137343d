import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { judge, runPass } from '../src/pass.ts'
import { killOrphans } from '../src/prefix.ts'

test('a run is good when nothing failed and vitest says so, too', () => {
  expect(judge({ passed: 2, failed: 0, skipped: 1 }, 0)).toEqual({
    tally: { passed: 2, failed: 0, skipped: 1 },
    isGood: true,
  })
})

test('a run that was cut off before its closing line is a failure', () => {
  expect(judge(undefined, 0)).toEqual({ tally: { passed: 0, failed: 1, skipped: 0 }, isGood: false })
  expect(judge(undefined, null).isGood).toBe(false)
})

test('a bad exit code is a failure even when no test failed', () => {
  expect(judge({ passed: 2, failed: 0, skipped: 0 }, 1)).toEqual({
    tally: { passed: 2, failed: 1, skipped: 0 },
    isGood: false,
  })
})

const script = (path: string, lines: string): string => {
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}

/** What has ended of the tests when the server crashes the first time. */
const ENDED = [
  { file: 'Z:/a.test.ts', tally: { passed: 5, failed: 0, skipped: 2 } },
  { file: 'Z:/b.test.ts', tally: { passed: 1, failed: 1, skipped: 0 } },
]

/** Runs with a Wine whose server crashes in the first `crashes` runs, in which nothing ends by itself. */
const runWith = async (crashes: number) => {
  const dir = tempDir()
  const [starts, commands, ended, going] = ['starts', 'commands', 'ended', 'going'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string]
  writeFileSync(ended, ENDED.map((each) => `${JSON.stringify(each)}\n`).join(''))
  const isCrash = `[ "$(wc -l <${starts})" -le ${crashes} ]`
  const server = script(
    join(dir, 'wineserver'),
    `case $1 in
    --persistent) echo >>${starts} ;;
    --wait) ${isCrash} || exec sleep 600; until [ -e ${going} ]; do sleep 0.1; done ;;
    esac`,
  )
  const wine = script(
    join(dir, 'wine'),
    `echo "$*" >>${commands}
    ${isCrash} && cat ${ended} >"\${UDS_TESTKIT_FINISHED#Z:}" && touch ${going} && exec sleep 600
    echo '3 passed, 0 failed'`,
  )
  let said = ''
  const outcome = await runPass('24', {
    wine: { command: wine, server, version: 'wine-10.0' },
    prefix: join(dir, 'prefix'),
    stage: dir,
    log: join(dir, 'log'),
    timeoutMs: 60_000,
    vitest: ['--project', 'x'],
    signal: new AbortController().signal,
    write: (data) => (said += Buffer.from(data).toString()),
  })
  await killOrphans(join(dir, 'prefix'))
  return {
    outcome,
    runs: readFileSync(starts, 'utf8').length,
    said,
    last: readFileSync(commands, 'utf8').trimEnd().split('\n').at(-1),
  }
}

const startIn = async (prefix: string) => {
  const child = spawn('sleep', ['600'], { env: { ...process.env, WINEPREFIX: prefix } })
  await once(child, 'spawn')
  return child
}

// The stand-ins are shell scripts. A real wineserver cannot be made to crash now and then.
describe.skipIf(process.platform !== 'linux')('when the server of Wine crashes', () => {
  test('what had passed counts, and all else is run again', async () => {
    const { outcome, runs, said, last } = await runWith(1)
    expect(outcome).toEqual({ tally: { passed: 8, failed: 0, skipped: 2 }, isGood: true })
    expect(runs).toBe(2)
    expect(said).toBe(
      "\nWine's server has crashed. What had not passed by then is run again.\n3 passed, 0 failed\n",
    )
    expect(last).toMatch(/ run --project x --exclude Z:\/a\.test\.ts --passWithNoTests$/)
  })

  test('and that is a failure the third time', async () => {
    const { outcome, runs, said } = await runWith(3)
    expect(outcome).toEqual(judge(undefined, null))
    expect(runs).toBe(3)
    expect(said).toMatch(/crashed\. That was run 3, the last\.\n$/)
  })

  test('a server that stays changes nothing', async () => {
    expect(await runWith(0)).toMatchObject({
      outcome: { isGood: true },
      runs: 1,
      said: '3 passed, 0 failed\n',
    })
  })

  test('the processes of its prefix are killed, and no others', async () => {
    const prefix = tempDir()
    const [orphan, other] = [await startIn(prefix), await startIn(`${prefix}-2`)]
    const ended = once(orphan, 'exit')
    await killOrphans(prefix)
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(other.exitCode ?? other.signalCode).toBeNull()
    other.kill('SIGKILL')
    await once(other, 'exit')
  })
})
