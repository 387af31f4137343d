import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { closingLine, readClosingLine, totalOf, type Tally } from '@uds/testkit/tally'
import { readArguments } from './arguments.ts'
import { nodeProgram } from './nodes.ts'

const workspace = join(import.meta.dirname, '../../..')

const say = (line: string): void => void process.stdout.write(`nodes: ${line}\n`)

/** What this Node is, and how a guest can wait in it. */
const facts = (node: string): string =>
  execFileSync(node, [
    '--print',
    "process.version + (typeof WebAssembly.Suspending === 'function' ? ', with JSPI' : ', without JSPI')",
  ])
    .toString()
    .trim()

/** A run that printed no closing line was cut off, and counts as a failure. */
const CUT_OFF: Tally = { passed: 0, failed: 1, skipped: 0 }

/** Runs vitest with one Node, showing its output while it runs. */
const runPass = async (node: string, vitest: readonly string[]): Promise<Tally> => {
  const child = spawn(node, ['node_modules/vitest/vitest.mjs', 'run', ...vitest], {
    cwd: workspace,
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

const main = async (): Promise<boolean> => {
  const { majors, vitest } = readArguments(process.argv.slice(2))
  const results: { readonly about: string; readonly tally: Tally }[] = []
  for (const major of majors) {
    const node = nodeProgram(major)
    const about = facts(node)
    say(about)
    results.push({ about, tally: await runPass(node, vitest) })
  }
  process.stdout.write('\n')
  for (const { about, tally } of results) say(`${about}: ${closingLine(tally)}`)
  const total = totalOf(results.map(({ tally }) => tally))
  process.stdout.write(`${closingLine(total)}\n`)
  return total.failed === 0 && total.passed > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`nodes: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
