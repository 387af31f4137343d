/**
 * The rows of a guide, tried: what the old library does and what is done here are observed in the same words, and must be
 * equal. Each row of the guide's first table is a case of both sides.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findLibrary, type Library } from './libraries.ts'

/** By the first cell of the row, without its backticks: what is observed. */
export type Rows = Readonly<Record<string, () => unknown>>

const guides = join(import.meta.dirname, '../../../../docs/guides')

const cells = (line: string): string[] =>
  line
    .replaceAll('\\|', '\u0000')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.replaceAll('\u0000', '|').replaceAll('`', '').trim())

/** The first cells of the first table of a guide, below its head. */
export const firstCells = (guide: string): string[] => {
  const lines = readFileSync(join(guides, guide), 'utf8').split('\n')
  const start = lines.findIndex((line) => line.startsWith('|')) + 2
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'))
  return lines.slice(start, end).map((line) => cells(line)[0] ?? '')
}

const told = (libraries: readonly Library[]): string =>
  libraries.map(({ name, version }) => `${name}@${version}`).join(' and ')

/**
 * Declares the tests of a guide. `theirs` is the URL of a module whose `rows` makes the cases of the old library.
 * `here`: whether both sides can be tried on this system.
 */
export const tryGuide = (
  guide: string,
  libraries: readonly Library[],
  theirs: URL,
  ours: Rows,
  here = true,
): void => {
  test(`${guide}: each row is tried`, () => {
    expect(Object.keys(ours)).toEqual(firstCells(guide))
  })
  const files = here ? libraries.map(findLibrary) : []
  const isMissing = !here || files.includes(undefined)
  if (here && isMissing)
    console.warn(`${guide} is tried with ${told(libraries)}: UDS_REQUIRE=all installs it from npm`)
  describe.skipIf(isMissing)(`${guide}, beside ${told(libraries)}`, async () => {
    if (isMissing) return
    const modules = await Promise.all(
      files.map((file) => import(pathToFileURL(file!).href) as Promise<unknown>),
    )
    const { rows } = (await import(theirs.href)) as { rows(...modules: readonly unknown[]): Rows }
    const old = rows(...modules)
    test.each(Object.keys(ours))('%s', async (row) => {
      const seen = await old[row]?.()
      expect(seen).toBeDefined()
      expect(await ours[row]!()).toEqual(seen)
    })
  })
}
