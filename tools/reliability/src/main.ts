/** `pnpm test:reliability`: makes the system fail, call by call, and prints what was lost, leaked or left. */
import { readArguments, USAGE } from './arguments.ts'
import { tryAll } from './faults/campaign.ts'
import type { Result } from './faults/result.ts'
import { areas } from './operations/index.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const describe = (operation: string, { call, choice, fired, ended, problems }: Result): string => {
  const what =
    fired === undefined
      ? ''
      : ` ${fired.call} ${fired.fault.kind === 'error' ? fired.fault.code : fired.fault.kind}`
  return [
    `${operation}, call ${call}${what}: ${problems.join('; ')}`,
    `  it ended with: ${ended}`,
    `  again: pnpm test:reliability --only '${operation}' --fault ${call}/${choice}`,
  ].join('\n')
}

const main = async (): Promise<boolean> => {
  const order = readArguments(process.argv.slice(2))
  if (order.help) {
    print(USAGE)
    return true
  }
  const operations = Object.entries(areas)
    .flatMap(([area, cases]) => Object.keys(cases).map((name) => [area, name] as const))
    .filter(([area, name]) => `${area}: ${name}`.includes(order.only))
  if (operations.length === 0) throw new TypeError(`no operation has "${order.only}" in its name`)
  const counts = new Map<string, { tried: number; worked: number; failed: number }>()
  await tryAll(operations, order.fault, (operation, result) => {
    const count = counts.get(operation) ?? { tried: 0, worked: 0, failed: 0 }
    counts.set(operation, count)
    count.tried += 1
    if (result.ended === 'works') count.worked += 1
    if (result.problems.length > 0) {
      count.failed += 1
      print(describe(operation, result))
    }
  })
  let passed = 0
  let failed = 0
  for (const [operation, count] of counts) {
    print(
      `${operation}: ${count.tried} faults, ${count.worked} of them not noticed by the caller, ${count.failed} with a problem`,
    )
    passed += count.tried - count.failed
    failed += count.failed
  }
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`reliability: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
