import { needs, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { tryIn } from '../src/cases/case.ts'
import { areas } from '../src/cases/index.ts'
import { judge } from '../src/outcome.ts'
import { runCase, runPair } from '../src/run-case.ts'

const isLinux = process.platform === 'linux'
const works = { verdict: 'works', detail: '' }
const node = { path: process.execPath, args: [] }
const bun = needs('bun')
const deno = needs('deno')
const inBun = { path: bun.path, args: ['run'] }
const inDeno = { path: deno.path, args: ['run', '--allow-all', '--quiet'] }

describe.runIf(isLinux).each(Object.keys(areas))('in Node, %s', (area) => {
  test.each(Object.keys(areas[area]!))('%s', async (name) => {
    const before = process.env['NOTIFY_SOCKET']
    onTestFinished(() => {
      if (before === undefined) delete process.env['NOTIFY_SOCKET']
    })
    await expect(tryIn(tempDir(), areas[area]![name]!)).resolves.toBeUndefined()
  })
})

describe.runIf(isLinux)('in processes of their own', () => {
  test('a case, and a pair of runtimes', async () => {
    expect(await runCase(node, 'winsock-ffi', 'adopt')).toEqual(works)
    expect(await runPair(node, node, 'events')).toEqual(works)
  })
})

describe.skipIf(!isLinux || bun.missing)('in processes of Bun', () => {
  test.each([
    ['winsock-ffi', 'watch, as it chooses'],
    ['winsock-ffi', 'adopt'],
    ['stream', "connect('fd:N')"],
    ['stream', "listen('fd:N')"],
    ['stream', 'a busy server is kept'],
    ['stream, other doors', '/datagram'],
    ['stream, other doors', 'handles: a socket'],
  ])('%s: %s', async (area, name) => {
    expect(await runCase(inBun, area, name)).toEqual(works)
  })

  test('what Bun lacks is refused in words, and ends no process', async () => {
    const outcome = await runCase(inBun, 'winsock-ffi', 'watch, poll handle')
    expect(outcome).toEqual({ verdict: 'refused', detail: 'watch ENOTSUP: Bun has no poll handle' })
  })
})

describe.skipIf(!isLinux || deno.missing)('in processes of Deno', () => {
  test.each([
    ['winsock-ffi', 'sendMessage with a descriptor'],
    ['winsock-ffi', 'TCP connect with a timeout'],
    ['stream', "connect('fd:N')"],
    ['stream, other doors', 'handles: a socket'],
  ])('%s: %s', async (area, name) => {
    expect(await runCase(inDeno, area, name)).toEqual(works)
  })

  test.each(['unix:PATH', 'tcp:', 'name:'])(
    'without permissions %s is refused with the flags',
    async (name) => {
      const forbidden = {
        path: deno.path,
        args: ['run', '--no-prompt', '--quiet', '--allow-read', '--allow-env'],
      }
      const { verdict, detail } = await runCase(forbidden, 'stream', name)
      expect(verdict).toBe('refused')
      expect(detail).toMatch(/Deno's permissions refuse it \(deno run needs --allow-/)
    },
  )
})
test.each([
  ['works and ends', '{"verdict":"works","detail":""}\n', '', 0, 'works', ''],
  ['says that it is refused', 'x\n{"verdict":"refused","detail":"ENOTSUP"}\n', '', 0, 'refused', 'ENOTSUP'],
  [
    'does not end',
    '{"verdict":"works","detail":""}\n',
    '',
    null,
    'fails',
    'it works, and does not end in 5 ms',
  ],
  ['crashes', '', 'x\npanic: y\n', 134, 'fails', 'it ended with 134: panic: y'],
] as const)('a case that %s', (_what, output, errors, code, verdict, detail) => {
  expect(judge(output, errors, code, 5)).toEqual({ verdict, detail })
})

test('all runtimes are meant, unless some are named; the rest is a part of a name', () => {
  expect(readArguments([])).toEqual({ runtimes: ['node', 'bun', 'deno'], word: '' })
  expect(readArguments(['--', '--runtime', 'deno', 'watch'])).toEqual({ runtimes: ['deno'], word: 'watch' })
  expect(() => readArguments(['--runtime', 'jsc'])).toThrow(/choose from node, bun, deno/)
})
