import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { relinked } from './links.ts'
import type { Page } from './tree.ts'

const REPOSITORY = 'https://github.com/uds-js/uds/blob/main'

const flat = (pages: readonly Page[]): Page[] => pages.flatMap((page) => [page, ...flat(page.children)])

/**
 * Where a link of a page leads on the site: to a page, also when it names the folder of a README, as GitHub has it;
 * else into the repository.
 *
 * @throws Error when the file is nowhere.
 */
const target = (from: string, link: string, pages: ReadonlySet<string>, root: string): string => {
  const [path = '', anchor] = link.split('#')
  const hash = anchor === undefined ? '' : `#${anchor}`
  const file = posix.join(posix.dirname(from), path).replace(/\/$/, '')
  const found = [file, `${file}/README.md`].find((each) => pages.has(each))
  if (found !== undefined) return posix.relative(posix.dirname(from), found) + hash
  if (!existsSync(join(root, file))) throw new Error(`${from}: the link "${link}" leads to no file`)
  return `${REPOSITORY}/${file}${hash}`
}

/**
 * Writes the pages as typedoc reads them: the title and the pages below in the head of each file.
 *
 * @param work - The folder to write into; a page has the same place in it as in the workspace.
 */
export const stage = (
  { front, trees }: { front: Page; trees: readonly Page[] },
  root: string,
  work: string,
): { front: string; documents: string[] } => {
  const every = [front, ...flat(trees)]
  const paths = new Set(every.map((page) => page.path))
  for (const page of every) {
    const children = page.children.map(
      (child) => `\n  - ${posix.relative(posix.dirname(page.path), child.path)}`,
    )
    const body = relinked(page.markdown, (link) => target(page.path, link, paths, root))
    const file = join(work, page.path)
    mkdirSync(dirname(file), { recursive: true })
    // typedoc takes an "@" for a tag, also here.
    const title = JSON.stringify(page.title).replaceAll('@', String.raw`\u0040`)
    const head = `title: ${title}${children.length > 0 ? `\nchildren:${children.join('')}` : ''}`
    writeFileSync(file, page === front ? `${body}\n` : `---\n${head}\n---\n\n# ${page.title}\n\n${body}\n`)
  }
  return { front: join(work, front.path), documents: trees.map((page) => join(work, page.path)) }
}
