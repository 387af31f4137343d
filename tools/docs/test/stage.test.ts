import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { stage } from '../src/stage.ts'
import { readTree, titled, type Page } from '../src/tree.ts'

const page = (path: string, markdown: string, children: readonly Page[] = []): Page => ({
  path,
  title: path,
  markdown,
  children,
})

const staged = (guide: string): string => {
  const root = tempDir()
  const work = tempDir()
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src/a.ts'), '')
  const front = page('README.md', '')
  stage({ front, trees: [page('docs/README.md', guide, [page('a/README.md', 'a')])] }, root, work)
  return readFileSync(join(work, 'docs/README.md'), 'utf8')
}

describe('a page of the site', () => {
  test('names the pages below it', () => {
    expect(staged('text')).toBe(
      '---\ntitle: "docs/README.md"\nchildren:\n  - ../a/README.md\n---\n\n# docs/README.md\n\ntext\n',
    )
  })

  test('links to a page by the folder of its README', () => {
    expect(staged('[a](../a) [b](../a/#c)')).toContain('[a](../a/README.md) [b](../a/README.md#c)')
  })

  test('links into the repository for what is no page', () => {
    expect(staged('[a](../src/a.ts)')).toContain('(https://github.com/uds-js/uds/blob/main/src/a.ts)')
  })

  test('with a link to no file is an error that names both', () => {
    expect(() => staged('[a](nothing.md)')).toThrow('docs/README.md: the link "nothing.md" leads to no file')
  })

  test('begins with its title', () => {
    expect(titled('# The `title`\n\ntext\n')).toEqual({ title: 'The title', markdown: 'text' })
    expect(() => titled('text')).toThrow('a page begins with "# "')
  })
})

test('every page of this workspace has a title, and links that lead to files', () => {
  const root = join(import.meta.dirname, '../../..')
  const { documents } = stage(readTree(root), root, tempDir())
  expect(documents.length).toBeGreaterThan(4)
})
