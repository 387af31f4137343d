import { needs, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { tryIn } from '../src/cases/case.ts'
import { areas } from '../src/cases/index.ts'
import { judge } from '../src/outcome.ts'
import { withBlock } from '../src/pages.ts'
import { rowsOf, SHORT, titleOf } from '../src/rows.ts'
import { runCase, runChild, runPair } from '../src/run-case.ts'
import { refusalsOf, summaryOf, tableOf } from '../src/table.ts'

const isLinux = process.platform === 'linux'
const works = { verdict: 'works', detail: '' } as const
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
  test('a case, a pair of runtimes, a child and its parent', async () => {
    expect(await runCase(node, 'winsock-ffi', 'adopt')).toEqual(works)
    expect(await runPair(node, node, 'events')).toEqual(works)
    expect(await runChild(node, node, 'is killed')).toEqual(works)
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
  const plain = { short: false, ownFfi: false, write: false }
  expect(readArguments([])).toEqual({ runtimes: ['node', 'bun', 'deno'], word: '', ...plain })
  expect(readArguments(['--', '--runtime', 'deno', '--own-ffi', 'watch'])).toEqual({
    runtimes: ['deno'],
    word: 'watch',
    ...plain,
    ownFfi: true,
  })
  expect(() => readArguments(['--shorter'])).toThrow(/no option --shorter/)
  expect(() => readArguments(['--write', 'watch'])).toThrow(/whole matrix/)
  expect(() => readArguments(['--runtime', 'jsc'])).toThrow(/choose from node, bun, deno, bun-musl/)
})

test('the short form names rows that there are', () => {
  const programs = (['node', 'bun', 'deno'] as const).map((name) => [name, node] as const)
  const titles = rowsOf(programs).map(titleOf)
  expect(new Set(titles).size).toBe(titles.length)
  expect(SHORT.filter((title) => !titles.includes(title))).toEqual([])
})

describe('the pages', () => {
  const refused = { verdict: 'refused', detail: 'x ENOTSUP: open /dev/fd/7' } as const
  const fails = { verdict: 'fails', detail: 'y' } as const
  const results = [
    { area: 'a', name: 'one', outcomes: [works, works] },
    { area: 'a', name: 'two', outcomes: [works, refused] },
    { area: 'a', name: 'three', outcomes: [works, works] },
    { area: 'b', name: 'four | five', outcomes: [fails, works] },
  ] as const
  const columns = ['Node 1', 'Bun 2']

  test('what is alike in an area is one line', () => {
    expect(tableOf(columns, results).split('\n').slice(2)).toEqual([
      '| `a`: one; three | works | works |',
      '| `a`: two | works | refused in words |',
      '| `b`: four \\| five | FAILS | works |',
    ])
  })

  test('the summary counts, and hides nothing', () => {
    expect(summaryOf(columns, results).split('\n').slice(2)).toEqual([
      '| `a` | 3 | all work | 2 work, 1 refused |',
      '| `b` | 1 | 0 work, 1 FAIL | all work |',
    ])
  })

  test('a refusal stands with its words', () => {
    expect(refusalsOf(columns, results)).toBe('- Bun 2, `a`: two: `x ENOTSUP: open /dev/fd/N`')
  })

  test('a block is replaced between its comments', () => {
    expect(withBlock('1\n<!-- x -->\nold\n<!-- /x -->\n2', 'x', 'new')).toBe(
      '1\n<!-- x -->\n\nnew\n\n<!-- /x -->\n2',
    )
    expect(() => withBlock('', 'x', 'new')).toThrow(/no <!-- x -->/)
  })
})
