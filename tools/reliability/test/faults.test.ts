import { capabilities } from '@uds/winsock-ffi'
import { spawnScript, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'

const { system, koffi } = capabilities()
const can = system === 'linux' && koffi

describe.runIf(can)('what is wrong is found', () => {
  test.each([
    ['leaks', ['descriptors are open']],
    ['escapes', ['it escaped']],
    ['leaves', ['files are there']],
    ['has no code', ['an error without a code']],
  ])('an operation that %s', async (name, wanted) => {
    const script = spawnScript(new URL('./fixtures/spoilt.ts', import.meta.url), [name, tempDir()])
    await script.exit
    expect(JSON.parse(script.stdout()), script.stderr()).toEqual(wanted)
  })
})

describe.runIf(can)('faults that were found once', () => {
  test.each([
    ['a connection stays open when accept fails after it', 'winsock-ffi: listen, connect, accept'],
    [
      'one end of a pair of channels stays open when the other cannot be made',
      'stream: a handle with a message',
    ],
    ['a lock file stays where no lock can be had', 'pipes: datagrams'],
  ])('%s', { timeout: 60_000 }, async (_symptom, operation) => {
    const script = spawnScript(new URL('../src/main.ts', import.meta.url), ['--only', operation])
    expect(await script.exit, script.stdout()).toEqual({ code: 0, signal: null })
    expect(script.stdout()).toMatch(/\n[1-9]\d* passed, 0 failed\n$/)
  })
})

test('the command line is read, and a wrong one is said to be wrong', () => {
  expect(readArguments(['--only', 'pipes', '--fault', '19/1'])).toEqual({
    only: 'pipes',
    fault: [19, 1],
    seed: 1,
    minutes: undefined,
    help: false,
  })
  expect(readArguments(['--minutes', '0.5', '--seed', '7'])).toMatchObject({ minutes: 0.5, seed: 7 })
  expect(() => readArguments(['--seed', '-1'])).toThrow(/--seed|ambiguous/)
  expect(() => readArguments(['--minutes', 'x'])).toThrow('--minutes must be')
  expect(() => readArguments(['--fault', 'x'])).toThrow('--fault must be CALL/FAULT')
  expect(() => readArguments(['--nope'])).toThrow(/Unknown option/)
})
