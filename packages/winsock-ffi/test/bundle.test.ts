import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tempDir } from '@uds/testkit'
import { expect, test } from 'vitest'
import { isBundled } from '../src/bundle.ts'

const place = (name: string): string => {
  const folder = join(tempDir(), name)
  mkdirSync(join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name }))
  return pathToFileURL(join(folder, 'dist/index.js')).href
}

test('a module of this package lies in no bundle, in the workspace and where it is installed', () => {
  expect(isBundled(import.meta.url)).toBe(false)
  expect(isBundled(place('@uds/winsock-ffi'))).toBe(false)
})

test('a module that a bundler has taken into another package lies in a bundle', () => {
  expect(isBundled(place('some-app'))).toBe(true)
})
