import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closingLine, readClosingLine } from '../src/tally.ts'

test('a closing line names what was skipped only when something was', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
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
