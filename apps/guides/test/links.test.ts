import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const docs = join(import.meta.dirname, '../../../docs')
const pages = [join(docs, 'README.md'), ...globSync(join(docs, 'guides/*.md').replaceAll('\\', '/'))]

/** As GitHub names the headings of a page (https://docs.github.com/get-started/writing-on-github). */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  )

test.each(pages)('every link of %s leads somewhere', (page) => {
  const markdown = readFileSync(page, 'utf8')
  const links = [...markdown.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
  const broken = links.filter(([, path, anchor]) => {
    const target = path === '' ? page : join(dirname(page), path!)
    if (!existsSync(target)) return true
    return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test('every guide is in the index', () => {
  const index = readFileSync(join(docs, 'README.md'), 'utf8')
  const missing = pages.slice(1).filter((page) => !index.includes(`guides/${page.split(/[\\/]/).at(-1)}`))
  expect(missing).toEqual([])
  expect(pages.length).toBeGreaterThan(1)
})
