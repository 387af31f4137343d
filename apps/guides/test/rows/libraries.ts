/** Packages of npm that tests run beside ours; they are no dependencies. */
import { existsSync } from 'node:fs'
import { npmFile, npmProgram } from '@uds/nodes'
import { isWindows } from '@uds/testkit'

/** A package of npm in a version, and its main module. */
export interface Library {
  readonly name: string
  readonly version: string
  readonly main: string
}

/** Installed from npm when everything is demanded, as in CI; a plain `pnpm test` uses what an earlier run left. */
export const findLibrary = ({ name, version, main }: Library): string | undefined => {
  if (process.env['UDS_REQUIRE'] === 'all' && !isWindows) return npmProgram(name, version, main)
  const file = npmFile(name, version, main)
  return existsSync(file) ? file : undefined
}
