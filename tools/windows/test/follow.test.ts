import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { follow } from '../src/follow.ts'

test('everything written before the end is passed on, in order, and as it comes', async () => {
  const file = join(tempDir(), 'log')
  writeFileSync(file, 'one ')
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const { promise: sawOne, resolve: tellOne } = Promise.withResolvers<void>()
  let text = ''
  const followed = follow(file, ended, (data) => {
    text += Buffer.from(data).toString()
    if (text === 'one ') tellOne()
  })
  await sawOne
  appendFileSync(file, 'two '.repeat(50_000))
  end()
  await followed
  expect(text).toBe(`one ${'two '.repeat(50_000)}`)
})

test('a process that could not be started ends it, too', async () => {
  const file = join(tempDir(), 'log')
  writeFileSync(file, 'x')
  let text = ''
  await follow(file, Promise.reject(new Error('ENOENT')), (data) => (text += Buffer.from(data).toString()))
  expect(text).toBe('x')
})
