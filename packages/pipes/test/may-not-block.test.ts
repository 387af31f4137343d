/** In a thread that V8 does not let block (Electron), calls wait in the system. */
import { expect, test } from 'vitest'
import { spawnScript } from '@uds/testkit'
import { local } from './kinds.ts'

const run = async (where: 'main' | 'window'): Promise<string[]> => {
  const fixture = new URL('./fixtures/may-not-block.ts', import.meta.url)
  const script = spawnScript(fixture, [where, local.fresh()])
  const exit = await script.exit
  expect([script.stderr(), exit]).toEqual(['', { code: 0, signal: null }])
  return script.stdout().trim().split(/\r?\n/)
}

test('connecting, accepting and reading wait, and so does a read for the turn of another thread', async () => {
  expect(await run('main')).toEqual([
    'connect: ECONNREFUSED',
    'accept: ETIMEDOUT',
    'read: ETIMEDOUT',
    'peek: 4',
    'same bytes: true',
    'turn: ETIMEDOUT',
    'mine: b',
    'free: 0',
  ])
}, 60_000)

test('without shared memory streams work, and only transfer is ENOTSUP', async () => {
  expect(await run('window')).toEqual([
    'connect: ECONNREFUSED',
    'accept: ETIMEDOUT',
    'read: ETIMEDOUT',
    'peek: 4',
    'same bytes: true',
    'transfer: ENOTSUP',
  ])
}, 60_000)
