import type { TestModule } from 'vitest/node'

/** The result of a run in three numbers. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Counts tests; a file, a group or a hook that failed outside a test, and an error that no test caught, each
 * count as one failure.
 */
export const tally = (modules: readonly TestModule[], uncaught: number): Tally => {
  let passed = 0
  let skipped = 0
  let failed = uncaught
  for (const module of modules) {
    if (module.errors().length > 0) failed++
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed++
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed++
      else if (state === 'skipped') skipped++
      // A test that is still pending was cut off, as when the watchdog killed its process.
      else failed++
    }
  }
  return { passed, failed, skipped }
}

/** The result of several runs together. */
export const totalOf = (tallies: readonly Tally[]): Tally => {
  const sum = (key: keyof Tally): number => tallies.reduce((total, each) => total + each[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/** `N passed, N failed`, and `, N skipped` when there are any. */
export const closingLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/** Reads a {@link closingLine} back; undefined when `line` is none. */
export const readClosingLine = (line: string): Tally | undefined => {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  if (match === null) return undefined
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) }
}
