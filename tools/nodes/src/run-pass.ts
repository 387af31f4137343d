/** One run of vitest with one Node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readClosingLine, type Tally } from '@uds/testkit/tally'

const workspace = join(import.meta.dirname, '../../..')

export interface PassOptions {
  /** Options of Node, before those of vitest. */
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** A run that printed no closing line was cut off, and counts as a failure. */
const CUT_OFF: Tally = { passed: 0, failed: 1, skipped: 0 }

/** Runs vitest with one Node, showing its output while it runs. */
export const runPass = async (
  node: string,
  vitest: readonly string[],
  { flags = [], env = {} }: PassOptions = {},
): Promise<Tally> => {
  const child = spawn(node, [...flags, 'node_modules/vitest/vitest.mjs', 'run', ...vitest], {
    cwd: workspace,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let tally = CUT_OFF
  for await (const line of createInterface(child.stdout)) {
    tally = readClosingLine(line) ?? tally
    process.stdout.write(`${line}\n`)
  }
  const [code] = await exited
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
}
