import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'
import { takeFinishedFile, writeFinished } from './finished.ts'
import { installCommand, MISSING_FILE } from './program.ts'
import type { ProgramName } from './programs.ts'
import { closingLine, tally } from './tally.ts'

/**
 * A reporter for use after the default one: it names the tests that passed only when tried again, with the error of
 * the first try, and the programs that were missing, each with the command that installs it, and closes with a line
 * like `12 passed, 0 failed, 3 skipped`.
 */
export default class ClosingReporter implements Reporter {
  readonly #dir: string
  readonly #missing: string
  readonly #finished = takeFinishedFile(process.env)
  #vitest: Vitest | undefined

  constructor() {
    this.#dir = mkdtempSync(join(tmpdir(), 'uds-run-'))
    this.#missing = join(this.#dir, 'missing')
    closeSync(openSync(this.#missing, 'w'))
    // The processes that run the tests inherit it.
    process.env[MISSING_FILE] = this.#missing
    process.once('exit', () => rmSync(this.#dir, { recursive: true, force: true }))
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestModuleEnd(module: TestModule): void {
    // It is not known whose they are, so what ends after them is not good, either.
    const uncaught = this.#vitest?.state.getUnhandledErrors().length ?? 0
    if (this.#finished !== undefined) writeFinished(this.#finished, module, uncaught)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const lines = [
      ...triedAgain(modules),
      ...this.#missingLines(),
      closingLine(tally(modules, errors.length)),
    ]
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }

  #missingLines(): string[] {
    const names = new Set(readFileSync(this.#missing, 'utf8').split('\n').filter(Boolean))
    if (names.size === 0) return []
    const rows = [...names].sort().map((name) => `  ${name}: ${installCommand(name as ProgramName)}`)
    return [
      'Programs that were missing, so that tests were skipped (UDS_REQUIRE=all makes them fail):',
      ...rows,
      '',
    ]
  }
}

/** A test that passes only now and then must not pass unseen. */
const triedAgain = (modules: readonly TestModule[]): string[] => {
  const rows = modules
    .flatMap((module) => [...module.children.allTests('passed')])
    .filter((test) => test.diagnostic()?.flaky)
    .map((test) => {
      const [first] = test.result().errors ?? []
      const why = first === undefined ? '' : `\n    ${first.message.split('\n')[0]}`
      return `  ${test.project.name}: ${test.module.relativeModuleId} > ${test.fullName}${why}`
    })
  return rows.length === 0 ? [] : ['Tests that failed, and passed when they were tried again:', ...rows, '']
}
