import { expect, test } from 'vitest'
import { judge } from '../src/pass.ts'

test('a run is good when nothing failed and vitest says so, too', () => {
  expect(judge({ passed: 2, failed: 0, skipped: 1 }, 0)).toEqual({
    tally: { passed: 2, failed: 0, skipped: 1 },
    isGood: true,
  })
})

test('a run that was cut off before its closing line is a failure', () => {
  expect(judge(undefined, 0)).toEqual({ tally: { passed: 0, failed: 1, skipped: 0 }, isGood: false })
  expect(judge(undefined, null).isGood).toBe(false)
})

test('a bad exit code is a failure even when no test failed', () => {
  expect(judge({ passed: 2, failed: 0, skipped: 0 }, 1)).toEqual({
    tally: { passed: 2, failed: 1, skipped: 0 },
    isGood: false,
  })
})
