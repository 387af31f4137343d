import { appendFileSync, readFileSync } from 'node:fs'
import type { TestModule } from 'vitest/node'
import { tally } from './tally.ts'
import type { Tally } from './tally.ts'

/** The variable that names the file in which test files are written down as they end. */
const FINISHED_FILE = 'UDS_TESTKIT_FINISHED'

/** A test file that has ended, and how. */
export interface Finished {
  readonly file: string
  readonly tally: Tally
}

/** The part of the environment that has what ends written to `path`. */
export const finishedEnvironment = (path: string): NodeJS.ProcessEnv => ({ [FINISHED_FILE]: path })

/** The file that is asked for, if any. It is not asked of vitest when a test runs that. */
export const takeFinishedFile = (env: NodeJS.ProcessEnv): string | undefined => {
  const path = env[FINISHED_FILE]
  delete env[FINISHED_FILE]
  return path
}

/**
 * Writes down that a test file has ended.
 *
 * @param uncaught - The errors so far that no test has caught.
 */
export const writeFinished = (path: string, module: TestModule, uncaught: number): void => {
  const line: Finished = { file: module.moduleId, tally: tally([module], uncaught) }
  appendFileSync(path, `${JSON.stringify(line)}\n`)
}

/** What was written to `path`; the last line may have been cut off. */
export const readFinished = (path: string): Finished[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Finished)
