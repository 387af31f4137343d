import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { aliases, projects } from '../src/projects.ts'

const workspace = (files: Record<string, unknown>): string => {
  const root = tempDir()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), JSON.stringify(content))
  }
  return root
}

const resolve = (root: string, specifier: string): string | undefined => {
  const alias = aliases(root).find(({ find }) => find.test(specifier))
  if (alias === undefined) return undefined
  return specifier.replace(alias.find, alias.replacement).slice(root.length + 1)
}

test('a folder with test/*.test.ts is a project of its name; others are none', () => {
  const root = workspace({
    'packages/pipes/package.json': {},
    'packages/pipes/test/deep/a.test.ts': '',
    'apps/echo/package.json': {},
    'apps/echo/src/a.test.ts': '',
    'tools/kit/package.json': {},
    'tools/kit/test/a.test.ts': '',
  })
  expect(projects(root)).toEqual([
    { name: 'pipes', root: join(root, 'packages/pipes') },
    { name: 'kit', root: join(root, 'tools/kit') },
  ])
})

test('a package, its subpaths and its patterns lead to their sources, and nothing else does', () => {
  const root = workspace({
    'packages/stream/package.json': {
      name: '@uds/stream',
      exports: {
        '.': './src/index.ts',
        './net': { default: './src/net.ts' },
        './transports/*': './src/t/*.ts',
      },
    },
  })
  expect(resolve(root, '@uds/stream')).toBe('packages/stream/src/index.ts')
  expect(resolve(root, '@uds/stream/net')).toBe('packages/stream/src/net.ts')
  expect(resolve(root, '@uds/stream/transports/tcp')).toBe('packages/stream/src/t/tcp.ts')
  expect(resolve(root, '@uds/stream/other')).toBeUndefined()
  expect(resolve(root, '@uds/stream-more')).toBeUndefined()
})
