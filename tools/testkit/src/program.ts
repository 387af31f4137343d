import { spawnSync } from 'node:child_process'
import { accessSync, appendFileSync, constants, globSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { programs } from './programs.ts'
import type { ProgramName } from './programs.ts'
import { isWindows, system } from './system.ts'

/** What {@link needs} found. */
export interface Need {
  /** Where the program is; its bare name when it is missing. */
  readonly path: string
  /** True when the tests that need it must be skipped. */
  readonly missing: boolean
}

/** The variable that names the file where missing programs are written down for the reporter. */
export const MISSING_FILE = 'UDS_TESTKIT_MISSING'

const found = new Map<ProgramName, string | undefined>()

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const succeeds = (path: string, name: ProgramName): boolean => {
  const { probe } = programs[name]
  return probe === undefined || spawnSync(path, probe, { stdio: 'ignore' }).status === 0
}

const filesIn = (dir: string, name: ProgramName): readonly string[] => {
  const { file } = programs[name]
  if (file !== undefined) return globSync(join(dir, file))
  return [join(dir, isWindows ? `${name}.exe` : name)]
}

const find = (name: ProgramName): string | undefined => {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const also = isWindows ? [] : (programs[name].also ?? []).flatMap((pattern) => globSync(pattern))
  return [...onPath, ...also]
    .flatMap((dir) => filesIn(dir, name))
    .find((file) => isProgram(file) && succeeds(file, name))
}

/** How to install a program on this system. */
export const installCommand = (name: ProgramName): string => {
  const { debian, npm, brew, windows } = programs[name]
  if (npm !== undefined) return `npm install --global ${npm}`
  if (system === 'linux') return `apt-get install ${debian}`
  if (system === 'darwin') return brew === undefined ? 'not available on macOS' : `brew install ${brew}`
  return windows ?? 'not available on Windows'
}

const isDemanded = (name: ProgramName): boolean =>
  process.env['UDS_REQUIRE'] === 'all' && programs[name].systems.includes(system)

/**
 * The path of a program, or undefined when it is not installed. A missing program is named, with the command
 * that installs it, below the results of the run.
 *
 * @throws Error when it is missing, can exist on this system, and UDS_REQUIRE=all demands it.
 * @throws TypeError when the table in `programs.ts` has no such row.
 */
export const program = (name: ProgramName): string | undefined => {
  if (!Object.hasOwn(programs, name)) {
    throw new TypeError(`No program "${name}" in tools/testkit/src/programs.ts: add a row for it`)
  }
  if (!found.has(name)) {
    found.set(name, find(name))
    const list = process.env[MISSING_FILE]
    if (found.get(name) === undefined && list !== undefined) appendFileSync(list, `${name}\n`)
  }
  const path = found.get(name)
  if (path === undefined && isDemanded(name)) {
    throw new Error(`UDS_REQUIRE=all demands ${name}, which is not installed: ${installCommand(name)}`)
  }
  return path
}

/**
 * {@link program} in the shape that `skipIf` wants:
 *
 * ```ts
 * const socat = needs('socat')
 * describe.skipIf(socat.missing)('socat', () => { ... spawnProgram(socat.path, [...]) ... })
 * ```
 */
export const needs = (name: ProgramName): Need => {
  const path = program(name)
  return { path: path ?? name, missing: path === undefined }
}
