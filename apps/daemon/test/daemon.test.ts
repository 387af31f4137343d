import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshName, isWindows, socketPath, spawnScript, type Spawned, tempDir, until } from '@uds/testkit'
import { unix } from '@uds/stream'
import { expect, onTestFinished, test, vi } from 'vitest'

// A dozen processes, one after the other.
vi.setConfig({ testTimeout: 60_000 })

const script = (name: string): URL => new URL(`../src/${name}.ts`, import.meta.url)

/** The command, and the log file, of an address of its own; its daemon is stopped at the end. */
const daemonOf = (): { run: (...args: string[]) => Spawned; log: () => string; daemon: () => Spawned } => {
  const logFile = join(tempDir(), 'log')
  const env = {
    DAEMON_ADDRESS: unix.capabilities.listen ? `unix:${socketPath()}` : `pipe:${freshName()}`,
    DAEMON_LOG: logFile,
  }
  const run = (...args: string[]): Spawned => spawnScript(script('command'), args, { env })
  onTestFinished(async () => {
    await run('stop').exit
  })
  return {
    run,
    // The daemon writes it beside what it does, so a line may come after the answer.
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    daemon: () => spawnScript(script('daemon'), [], { env }),
  }
}

const codeOf = async (run: Spawned): Promise<number | null> => (await run.exit).code

test('one daemon, however often it is started; status, progress, stop', async () => {
  const { run, log, daemon } = daemonOf()
  const away = run('status')
  expect(await codeOf(away)).toBe(3)
  expect(away.stderr()).toContain('the daemon does not run')
  expect(await Promise.all([run('start'), run('start'), run('start')].map(codeOf))).toEqual([0, 0, 0])
  await until(() => log().includes('listens at'))
  const second = daemon()
  expect(await codeOf(second)).toBe(1)
  expect(second.stderr()).toContain('the daemon runs already')
  const job = run('run', '3', '1')
  expect(await codeOf(job)).toBe(0)
  expect(job.stdout()).toBe('1 of 3\n2 of 3\n3 of 3\n')
  const status = run('status')
  expect(await codeOf(status)).toBe(0)
  expect(status.stdout()).toMatch(/runs as \d+ for \d+ s, 0 jobs/)
  expect(await codeOf(run('stop'))).toBe(0)
  expect(await codeOf(run('status'))).toBe(3)
  await until(() => log().includes('stops: a command'))
  expect(log().match(/listens at/g)).toHaveLength(1)
  expect(log()).toContain('job done')
})

test.skipIf(isWindows)('Ctrl+C cancels the job in the daemon too', async () => {
  const { run, log } = daemonOf()
  const job = run('run', '1000', '20')
  await job.waitForLine(/^2 of 1000/)
  job.process.kill('SIGINT')
  expect(await codeOf(job)).toBe(130)
  expect(job.stdout()).toContain('cancelled')
  await until(() => /job cancelled after \d+ of 1000/.test(log()))
})

test('a client stays over a restart, and follows the log of the next daemon', async () => {
  const { run } = daemonOf()
  expect(await codeOf(run('start'))).toBe(0)
  const logs = run('logs')
  const [, first] = await logs.waitForLine(/ (\d+) listens at/)
  expect(await codeOf(run('restart'))).toBe(0)
  await logs.waitForLine(/the daemon is back/)
  const [, second] = await logs.waitForLine(/ (\d+) listens at/)
  expect(second).not.toBe(first)
})
