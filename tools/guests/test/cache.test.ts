import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { cacheDir, contents, filesBelow, once } from '../src/cache.ts'

test('the cache is where the XDG specification says', () => {
  expect(cacheDir({ XDG_CACHE_HOME: '/var/cache/me' })).toBe(join('/var/cache/me/uds/guests'))
  for (const env of [{}, { XDG_CACHE_HOME: 'relative' }]) {
    expect(cacheDir(env)).toBe(join(homedir(), '.cache/uds/guests'))
  }
})

test('files are found in folders too, in a fixed order', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'b'))
  for (const name of ['c', 'b/z', 'b/y', 'a']) writeFileSync(join(dir, name), name)
  expect(filesBelow(dir)).toEqual(['a', 'b/y', 'b/z', 'c'].map((name) => join(dir, name)))
  expect(contents(dir).map(String)).toEqual(['a', 'b/y', 'b/z', 'c'])
})

test('what is there is not built again', () => {
  const path = join(tempDir(), 'deep/er/x')
  for (const text of ['first', 'second']) once(path, (unfinished) => writeFileSync(unfinished, text))
  expect(readFileSync(path, 'utf8')).toBe('first')
})

const fail = (unfinished: string): void => {
  mkdirSync(unfinished)
  writeFileSync(join(unfinished, 'half'), '')
  throw new Error('broken')
}

test('a build that fails leaves nothing behind', () => {
  const dir = tempDir()
  expect(() => once(join(dir, 'x'), fail)).toThrow('broken')
  expect(readdirSync(dir)).toEqual([])
})

test('a build that another process finished first gives the other one', () => {
  const path = join(tempDir(), 'x')
  const given = once(path, (unfinished) => {
    for (const folder of [unfinished, path]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'file'), folder)
    }
  })
  expect(given).toBe(path)
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe(path)
  expect(existsSync(`${path}.${process.pid}`)).toBe(false)
})
