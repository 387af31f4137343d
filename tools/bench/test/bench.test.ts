/** The bench itself: its arguments, its arithmetic, and one group that is really measured. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '@uds/testkit'
import { readArguments, readResults } from '../src/arguments.ts'
import { table } from '../src/print.ts'
import { merged, pace, reaches, type GroupResult, type Results } from '../src/results.ts'

const samples = (...ns: number[]): { clock: number; cpu: number }[] =>
  ns.map((each) => ({ clock: each, cpu: 2 * each }))

const group: GroupResult = {
  name: 'group',
  title: 'Some work',
  unit: 'message',
  by: 'clock',
  commit: 'abc',
  load: 0,
  rows: [
    { name: 'base', samples: samples(100, 200, 300) },
    { name: 'half', samples: samples(50, 100, 600), target: { least: 2 } },
    { name: 'slow', samples: samples(100, 250, 150), target: { least: 1, of: 'half' } },
    { name: 'failed', samples: [], target: { least: 1 } },
    { name: 'alone', samples: samples(1), target: { least: 1, of: 'nothing' } },
  ],
}
const [base, half, slow, failed, alone] = group.rows as [
  GroupResult['rows'][0],
  GroupResult['rows'][0],
  GroupResult['rows'][0],
  GroupResult['rows'][0],
  GroupResult['rows'][0],
]

test('a pace is the median of the ratios of each round', () => {
  expect(pace(half, base, 'clock')).toBe(2)
  expect(pace(failed, base, 'clock')).toBeNaN()
})

test('a target that is missed is marked, and one whose measure is missing is not called met', () => {
  expect([half, slow, failed, alone].map((row) => reaches(group, row))).toEqual([
    true,
    false,
    false,
    undefined,
  ])
  const first = { ...base, target: { least: 1 } }
  expect(reaches({ ...group, rows: [first, half] }, first)).toBeUndefined()
  expect(reaches({ ...group, rows: [{ ...base, samples: [] }, half] }, half)).toBeUndefined()
  const lines = table(group).split('\n')
  expect(lines.filter((line) => line.includes('MISSED')).map((line) => line.split(' | ')[0])).toEqual([
    '| slow',
  ])
  expect(lines.at(-1)).toContain('not measured')
  expect(lines.at(-2)).toContain('failed')
})

test.each([
  [['--repeat', '0'], /--repeat takes a whole number/],
  [['--repeat', 'x'], /--repeat takes a whole number/],
  [['--compare', 'no-such-file'], /no such file or folder/],
  [['--fast'], /--fast/],
])('%j is refused', (args, message) => {
  expect(() => readArguments(args)).toThrow(message)
})

test('a folder to compare with must be installed', () => {
  expect(() => readArguments(['--compare', tempDir()])).toThrow(/not installed/)
})

const results = (title: string, machine: string): Results => ({
  machine,
  node: 'v',
  commit: 'abc',
  load: 0,
  date: '',
  rounds: 1,
  groups: [{ ...group, title }],
})
const titles = (of: Results): string[] => of.groups.map(({ title }) => title)

test('results of other groups of the same machine stay in a file', () => {
  expect(titles(merged(results('a', '1'), results('b', '1')))).toEqual(['a', 'b'])
  expect(titles(merged(results('a', '1'), results('a', '1')))).toEqual(['a'])
  expect(titles(merged(results('a', '1'), results('b', '2')))).toEqual(['b'])
})

test.skipIf(process.platform !== 'linux')(
  'a group is measured: every row has its samples, and what arrived was checked',
  () => {
    const file = join(tempDir(), 'results.json')
    const main = join(import.meta.dirname, '../src/main.ts')
    const args = ['--no-warnings', main, '--quick', '--only', 'stream-ping', '--json', file]
    const text = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, UDS_BENCH_SCALE: '0.02' },
    })
    const { groups } = readResults(file)
    expect(groups.map(({ name }) => name)).toEqual(['stream-ping'])
    for (const row of groups[0]!.rows) {
      expect(row.samples).toHaveLength(1)
      expect(row.samples[0]!.clock).toBeGreaterThan(0)
      expect(row.samples[0]!.cpu).toBeGreaterThan(0)
      expect(text).toContain(row.name)
    }
  },
  60_000,
)
