/** `pnpm docs:build`: the site in `site/`, without a warning and without a broken link. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { brokenLinks } from './check.ts'
import { generate, install } from './generator.ts'
import { readTree } from './tree.ts'
import { stage } from './stage.ts'

const root = join(import.meta.dirname, '../../..')
const out = join(root, 'site')
const work = mkdtempSync(join(tmpdir(), 'uds-docs-'))
try {
  install()
  const { front, documents } = stage(readTree(root), root, work)
  generate({ root, front, documents, work, out })
} finally {
  rmSync(work, { recursive: true, force: true })
}
const { pages, links, broken } = brokenLinks(out)
for (const each of broken) console.error(each)
if (broken.length > 0) {
  console.error(`docs: ${broken.length} of ${links} links are broken`)
  process.exitCode = 1
} else {
  console.log(
    `docs: ${pages} pages, ${links} links, all whole: open ${join(relative('', out), 'index.html')}`,
  )
}
