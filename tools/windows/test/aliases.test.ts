import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { writeAliases } from '../src/aliases.ts'

test('imports of the packages lead to their sources, at the place where Wine shows them', async () => {
  const stage = tempDir()
  mkdirSync(join(stage, 'packages/stream'), { recursive: true })
  const manifest = { name: '@uds/stream', exports: { '.': './src/index.ts', './t/*': './src/t/*.ts' } }
  writeFileSync(join(stage, 'packages/stream/package.json'), JSON.stringify(manifest))
  await writeAliases(stage)
  const root = `file:///Z:${stage.replaceAll('\\', '/')}`
  const table = JSON.parse(readFileSync(join(stage, '.aliases.json'), 'utf8')) as [string, string][]
  const at = (specifier: string): string[] =>
    table
      .filter(([find]) => new RegExp(find).test(specifier))
      .map(([find, url]) => specifier.replace(new RegExp(find), url))
  expect(at('@uds/stream')).toEqual([`${root}/packages/stream/src/index.ts`])
  expect(at('@uds/stream/t/tcp')).toEqual([`${root}/packages/stream/src/t/tcp.ts`])
  expect(at('@uds/stream-more')).toEqual([])
})
