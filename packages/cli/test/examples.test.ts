import { expect, test } from 'vitest'
import { uds, values } from './command.ts'

const titles = ['basic usage', 'async initialisation', 'advanced features', 'sync and async sending']

test.each([
  ['1', ['server received: "Message from client"', 'client received: "Message from server"']],
  [
    '2',
    [
      'server initialised: true',
      'client initialised: true',
      'a second server initialised: false',
      'because of: "EADDRINUSE"',
      'client received: {"at":1}',
    ],
  ],
  [
    '3',
    [
      'server received: [{"user":"Ada","tags":["x","y"]},[1,"two",null],42,true,null,"text"]',
      'sent a bigint, which JSON has not: [false,"TypeError"]',
      'both clients received: ["for all","for all"]',
    ],
  ],
])('example %s shows what it promises', async (number, lines) => {
  const { code, stdout, stderr } = await uds(['examples', number])
  expect(stdout.split('\n')).toEqual([`--- ${number}. ${titles[Number(number) - 1]}`, ...lines, ''])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('without a number, all four run', async () => {
  const { code, stdout } = await uds(['examples', '--json'])
  expect(code).toBe(0)
  const all = values(stdout) as { example: number; title?: string; text?: string }[]
  expect(all.flatMap(({ title }) => title ?? [])).toEqual(titles)
  const last = all.filter(({ example, text }) => example === 4 && text !== undefined).map(({ text }) => text)
  expect(last).toEqual([
    expect.stringMatching(/^sendSync, each awaited: 1000 messages, \d+\.\d µs each$/),
    expect.stringMatching(/^send, all at once: 1000 messages, \d+\.\d µs each$/),
  ])
})

test('an example that fails makes the exit code 1 and says why', async () => {
  // No directory can be made in a file.
  const file = import.meta.filename
  const { code, stderr } = await uds(['examples', '1'], { env: { TMPDIR: file, TEMP: file, TMP: file } })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^uds: (ENOTDIR|ENOENT|EEXIST)/)
})
