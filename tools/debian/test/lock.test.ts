import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { spawnScript, tempDir } from '@uds/testkit'
import { lock } from '../src/lock.ts'

const silent = (): void => {}

test('the second waits, says so, and has it when the first lets go', async () => {
  const file = join(tempDir(), 'deep/lock')
  const letGo = await lock(file, silent)
  expect(readFileSync(file, 'utf8')).toBe(String(process.pid))
  const { promise: told, resolve: tell } = Promise.withResolvers<string>()
  const second = lock(file, tell)
  expect(await told).toContain(`process ${process.pid}`)
  await letGo()
  await (
    await second
  )()
  expect(existsSync(file)).toBe(false)
})

test('what a process that is gone left behind does not count', async () => {
  const file = join(tempDir(), 'lock')
  const gone = spawnScript(new URL('./fixtures/nothing.ts', import.meta.url))
  await gone.exit
  writeFileSync(file, String(gone.pid))
  await (
    await lock(file, silent)
  )()
  expect(existsSync(file)).toBe(false)
})
