import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { windowsUrl } from '../src/aliases.ts'
import { writeSources } from '../src/sources.ts'

test('sources are kept by their URLs, with each line in its place; tests and declarations are not', async () => {
  const stage = tempDir()
  const files = {
    'a b.ts': 'export const a: number =\n  1 as number\n',
    'a.test.ts': 'a',
    'a.d.ts': 'a',
    'a.md': 'a',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(stage, name), text)
  await writeSources(stage, Object.keys(files))
  expect(JSON.parse(readFileSync(join(stage, '.sources.json'), 'utf8'))).toEqual({
    [windowsUrl(join(stage, 'a b.ts'))]: 'export const a         =\n  1          \n',
  })
})
