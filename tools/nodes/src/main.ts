import { execFileSync } from 'node:child_process'
import { closingLine, totalOf, type Tally } from '@uds/testkit/tally'
import { readArguments } from './arguments.ts'
import { nodeProgram } from './nodes.ts'
import { runPass } from './run-pass.ts'

const say = (line: string): void => void process.stdout.write(`nodes: ${line}\n`)

/** What this Node is, and how a guest can wait in it. */
const facts = (node: string): string =>
  execFileSync(node, [
    '--print',
    "process.version + (typeof WebAssembly.Suspending === 'function' ? ', with JSPI' : ', without JSPI')",
  ])
    .toString()
    .trim()

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
