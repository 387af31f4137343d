import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closingLine, readClosingLine, totalOf } from '../src/tally.ts'

test('a closing line names what was skipped only when something was', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
})

test('the result of several runs is their sum, and that of none is nothing', () => {
  const [one, two] = [
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  ]
  expect(totalOf([one, two])).toEqual({ passed: 11, failed: 22, skipped: 33 })
  expect(totalOf([])).toEqual({ passed: 0, failed: 0, skipped: 0 })
})

test('a closing line is read back as what was written', () => {
  const numbers = fc.record({ passed: fc.nat(), failed: fc.nat(), skipped: fc.nat() })
  fc.assert(
    fc.property(numbers, (tally) => {
      expect(readClosingLine(closingLine(tally))).toEqual(tally)
    }),
  )
})

test('other lines are no closing lines', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(readClosingLine(`${text}x`)).toBeUndefined()
    }),
  )
})
