/** The pages that show the results: what is between two comments is written by this tool. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refusalsOf, summaryOf, tableOf, type Result } from './table.ts'

const root = join(import.meta.dirname, '../../..')

/**
 * The text with another block between `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws Error where there is no such block.
 */
export const withBlock = (page: string, name: string, block: string): string => {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`there is no ${begin} with ${end} behind it`)
  return `${page.slice(0, from + begin.length)}\n\n${block}\n\n${page.slice(to)}`
}

const rewrite = (file: string, blocks: Readonly<Record<string, string>>): void => {
  const path = join(root, file)
  let page = readFileSync(path, 'utf8')
  for (const [name, block] of Object.entries(blocks)) page = withBlock(page, name, block)
  writeFileSync(path, page)
  execFileSync(join(root, 'node_modules/.bin/oxfmt'), [path], { stdio: 'ignore' })
}

/** @param columns - The runtimes with their versions. */
export const writePages = (columns: readonly string[], results: readonly Result[]): void => {
  rewrite('README.md', { runtimes: summaryOf(columns, results) })
  rewrite('docs/guides/bun-and-deno.md', {
    runtimes: tableOf(columns, results),
    refusals: refusalsOf(columns, results),
  })
}
