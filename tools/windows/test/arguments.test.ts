import { expect, test } from 'vitest'
import { NODE_MAJORS, readArguments } from '../src/arguments.ts'

test('without arguments every major runs, with all tests', () => {
  expect(readArguments([], {})).toEqual({
    majors: NODE_MAJORS,
    setupOnly: false,
    timeoutMs: 1_500_000,
    vitest: [],
  })
})

test('what it does not know goes to vitest, in order and whole', () => {
  const args = [
    '--project',
    'pipes',
    '--node',
    '22',
    '-t',
    'half close',
    '--node=24',
    '--timeout',
    '90',
    '--bail=1',
    'stream.test.ts',
  ]
  const order = readArguments(args, {})
  expect(order.majors).toEqual(['22', '24'])
  expect(order.timeoutMs).toBe(90_000)
  expect(order.vitest).toEqual(['--project', 'pipes', '-t', 'half close', '--bail=1', 'stream.test.ts'])
})

test('UDS_NODE chooses, and --node has the last word', () => {
  expect(readArguments([], { UDS_NODE: '22' }).majors).toEqual(['22'])
  expect(readArguments(['--node', '24'], { UDS_NODE: '22' }).majors).toEqual(['24'])
})

test('Node 26 runs when it is asked for, and what there is not is refused', () => {
  expect(readArguments(['--node', '26'], {}).majors).toEqual(['26'])
  expect(() => readArguments(['--node', '20'], {})).toThrow(/choose from 26, 24, 22/)
})

test('--setup-only is taken out', () => {
  expect(readArguments(['--setup-only', 'x'], {})).toMatchObject({ setupOnly: true, vitest: ['x'] })
})

test('a major that is not locked and a timeout that is no number are refused', () => {
  expect(() => readArguments(['--node', '20'], {})).toThrow(/no Windows build of Node 20.*24, 22/)
  expect(() => readArguments(['--timeout', 'soon'], {})).toThrow(/number of seconds/)
})
