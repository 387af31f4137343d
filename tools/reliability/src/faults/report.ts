/** Operations under faults, and what the output says of them. */
import { areas } from '../operations/index.ts'
import type { Counts } from '../trials/run.ts'
import { tryAll } from './campaign.ts'
import type { Result } from './result.ts'

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

/** All operations, by area and name. */
export const operations: readonly (readonly [area: string, name: string])[] = Object.entries(areas).flatMap(
  ([area, cases]) => Object.keys(cases).map((name) => [area, name] as const),
)

/** Tries these operations with every fault, or with one. */
export const tryOperations = async (
  chosen: readonly (readonly [area: string, name: string])[],
  fault: readonly [number, number] | undefined,
  print: (line: string) => void,
  counts: Counts,
): Promise<void> => {
  const tallies = new Map<string, { tried: number; worked: number; failed: number }>()
  await tryAll(chosen, fault, (operation, result) => {
    const tally = tallies.get(operation) ?? { tried: 0, worked: 0, failed: 0 }
    tallies.set(operation, tally)
    tally.tried += 1
    if (result.ended === 'works') tally.worked += 1
    if (result.problems.length > 0) {
      tally.failed += 1
      print(describe(operation, result))
    }
  })
  for (const [operation, { tried, worked, failed }] of tallies) {
    print(
      `${operation}: ${tried} faults, ${worked} of them not noticed by the caller, ${failed} with a problem`,
    )
    counts.passed += tried - failed
    counts.failed += failed
  }
}
