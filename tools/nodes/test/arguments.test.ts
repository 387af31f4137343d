import { expect, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'

test('the oldest and the newest Node are meant, and what depends on the engine, unless something is named', () => {
  const { majors, vitest } = readArguments([])
  expect(majors).toEqual(['22', '26'])
  expect(vitest.slice(0, 2)).toEqual(['--project', 'wasi-host'])
})

test('a Node is named in either form, several times; the rest is for vitest', () => {
  const args = ['--node', '24', '--', '--project', 'stream', '--node=22', 'a.test.ts']
  expect(readArguments(args)).toEqual({
    majors: ['24', '22'],
    vitest: ['--project', 'stream', 'a.test.ts'],
  })
})

test.each([['--node', '20'], ['--node=20'], ['--node']])('%s %s: no such Node is here', (...args) => {
  expect(() => readArguments(args)).toThrow(/choose from 22, 24, 26/)
})
