import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheDir, fingerprint } from '../src/index.ts'

test('the cache is where the XDG specification says', () => {
  expect(cacheDir({ XDG_CACHE_HOME: '/var/cache/me' })).toBe(join('/var/cache/me/uds'))
  for (const env of [{}, { XDG_CACHE_HOME: 'relative' }]) {
    expect(cacheDir(env)).toBe(join(homedir(), '.cache/uds'))
  }
})

test('a fingerprint tells lists of parts apart, however they run together', () => {
  const all = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['ab', 'd']].map((parts) =>
    fingerprint(...parts),
  )
  expect(new Set(all).size).toBe(all.length)
  expect(fingerprint('x', Buffer.from('y'))).toBe(fingerprint('x', 'y'))
})
