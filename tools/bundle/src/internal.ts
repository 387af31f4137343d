/** Packages with an entry `./internal` that holds every name of theirs: one file for the packages above, a list for users. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'

const hasInternal = (folder: string): boolean => {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return false
  const { exports } = JSON.parse(readFileSync(file, 'utf8')) as { exports?: object }
  return exports !== undefined && Object.hasOwn(exports, './internal')
}

/** Those of the packages that a package imports which have such an entry. */
export const withInternal = (folder: string, names: readonly string[]): string[] =>
  names.filter((name) => hasInternal(join(folder, 'node_modules', name)))

/** Reads the names of these packages from their entries `./internal`, so that an import loads one file of each, not two. */
export const byInternal = (names: readonly string[]): Plugin => ({
  name: 'by-internal',
  resolveId: (source) => (names.includes(source) ? { id: `${source}/internal`, external: true } : null),
})

const LIST = /^import \{[^}]*\} from "\.\/internal\.js";\s*export \{[^}]*\};\s*$/

/**
 * Makes the entry `.` a list of names that stand in the file of `./internal`.
 *
 * @param index - The source of the entry `.`.
 * @throws Error when something is defined there: it would exist twice.
 */
export const listOf = (index: string): Plugin => ({
  name: 'list-of-names',
  resolveId: (_source, importer) => (importer === index ? { id: './internal.js', external: true } : null),
  renderChunk: (code) => {
    if (LIST.test(code)) return null
    throw new Error(
      `${index}: there is an entry ./internal, so this one may only name what other modules export`,
    )
  },
})
