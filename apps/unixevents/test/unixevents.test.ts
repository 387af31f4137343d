import { freshName, spawnScript, tempDir } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'
import { describe, expect, test } from 'vitest'

const start = (name: string, ...args: string[]): Spawned =>
  spawnScript(new URL(`../src/${name}.ts`, import.meta.url), args)

describe.each([
  ['the server first', ['server', 'client']],
  ['the client first', ['client', 'server']],
] as const)('with %s', (_, [first, second]) => {
  test('both programs of the Quick Start get their message', async () => {
    const args = [freshName(), tempDir()]
    const programs = [start(first, ...args)]
    await new Promise((resolve) => programs[0]?.process.once('spawn', resolve))
    programs.push(start(second, ...args))
    const lines = programs.map((program) =>
      program.waitForLine(/Message on (server|client): Message from (server|client)/),
    )
    const texts = (await Promise.all(lines)).map(([text]) => text)
    expect(texts.sort()).toEqual([
      'Message on client: Message from server',
      'Message on server: Message from client',
    ])
  })

  test('both programs with asynchronous initialisation get their message, and end', async () => {
    const args = [freshName(), tempDir()]
    const programs = [start(`async-${first}`, ...args)]
    await new Promise((resolve) => programs[0]?.process.once('spawn', resolve))
    programs.push(start(`async-${second}`, ...args))
    const exits = await Promise.all(programs.map(({ exit }) => exit))
    expect(exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ])
    expect(programs.map((program) => program.stdout()).sort()).toEqual([
      'Client initialized: true\nMessage on client: Message from server\n',
      'Server initialized: true\nMessage on server: Message from client\n',
    ])
  })
})

test('a second server says that the channel is taken, and fails', async () => {
  const args = [freshName(), tempDir()]
  const server = start('async-server', ...args)
  await server.waitForLine(/initialized: true/)
  const second = start('server', ...args)
  expect((await second.exit).code).toBe(1)
  expect(second.stderr()).toContain('EADDRINUSE')
})

const result = async (which: string): Promise<string> => {
  const program = start('examples', which, tempDir())
  expect({ ...(await program.exit), stderr: program.stderr() }).toEqual({ code: 0, signal: null, stderr: '' })
  return program.stdout()
}

describe('the numbered examples', () => {
  test('1: basic usage', async () => {
    expect(await result('1')).toBe(
      '--- 1. Basic usage\nserver received: Hello from the client\nclient received: Hello from the server\n',
    )
  })

  test('2: async initialization', async () => {
    expect(await result('2')).toBe(
      [
        '--- 2. Async initialization',
        'server initialized: true',
        'client initialized: true',
        'second server initialized: false',
        'because of: EADDRINUSE',
        'client received: { at: 1 }',
        '',
      ].join('\n'),
    )
  })

  test('3: advanced features', async () => {
    expect(await result('3')).toBe(
      [
        '--- 3. Advanced features',
        "server received: { user: 'Ada', tags: [ 'x', 'y' ] }",
        "only the first: { user: 'Ada', tags: [ 'x', 'y' ] }",
        "server received: [ 1, 'two', null ]",
        'server received: 42',
        'server received: true',
        'server received: null',
        'server received: text',
        'a bigint: false TypeError',
        'sent: true null',
        "both clients received: [ 'for all', 'for all' ]",
        '',
      ].join('\n'),
    )
  })

  test('4: sync against async sending', async () => {
    const each = String.raw`1000 messages, \d+\.\d us each`
    expect(await result('4')).toMatch(
      new RegExp(
        `^--- 4\\. Sync vs async sending\nsendSync, each awaited: ${each}\nsend, all at once: ${each}\n$`,
      ),
    )
  })

  test('all of them run one after the other', async () => {
    expect((await result('all')).match(/^--- \d/gm)).toEqual(['--- 1', '--- 2', '--- 3', '--- 4'])
  })

  test('a number that there is not is an error', async () => {
    const program = start('examples', '5')
    expect((await program.exit).code).toBe(1)
    expect(program.stderr()).toContain('give 1, 2, 3, 4 or all')
  })
})
