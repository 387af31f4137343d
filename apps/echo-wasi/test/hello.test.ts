import { needsGuest } from '@uds/guests'
import { spawnScript } from '@uds/testkit'
import { expect, test } from 'vitest'

const hello = needsGuest('hello')

test.skipIf(hello.missing)('the example of the README greets', async () => {
  const script = spawnScript(new URL('../src/hello.ts', import.meta.url), [hello.path, 'Ada'])
  expect(await script.exit).toEqual({ code: 0, signal: null })
  expect(script.stdout()).toBe('Hello, Ada!\n')
})
