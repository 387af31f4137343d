/** `pnpm test:reliability`: makes the system fail, kills processes, and prints what was lost, doubled, leaked or left. */
import { readArguments, USAGE } from './arguments.ts'
import { operations, tryOperations } from './faults/report.ts'
import { trials } from './trials/index.ts'
import { runTrials, type Counts } from './trials/run.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const main = async (): Promise<boolean> => {
  const { only, fault, seed, minutes, help } = readArguments(process.argv.slice(2))
  if (help) {
    print(USAGE)
    return true
  }
  const faulty = operations.filter(([area, name]) => `${area}: ${name}`.includes(only))
  const tried = Object.entries(trials)
    .flatMap(([area, each]) =>
      Object.entries(each).map(([name, trial]) => [`${area}: ${name}`, trial] as const),
    )
    .filter(([name]) => fault === undefined && name.includes(only))
  if (faulty.length + tried.length === 0)
    throw new TypeError(`no operation and no trial has "${only}" in its name`)
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  await tryOperations(faulty, fault, print, counts)
  const demanding = process.env['UDS_REQUIRE'] === 'all'
  await runTrials(tried, { seed, minutes, demanding, print }, counts)
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`
  print(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  return counts.failed === 0 && counts.passed > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`reliability: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
