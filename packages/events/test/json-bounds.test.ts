import fc from 'fast-check'
import { expect, test } from 'vitest'
import { passedBound } from '../src/codecs/json-bounds.ts'

/** What the bounds are, character by character. */
const plainly = (text: string, maxDepth: number, maxValues: number): string | undefined => {
  let depth = 0
  let values = 1
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at)
    if (quoted) {
      if (sign === '\\') at++
      else if (sign === '"') quoted = false
    } else if (sign === '"') quoted = true
    else if (sign === ',') values++
    else if (sign === '[' || sign === '{') {
      values++
      if (++depth > maxDepth) return 'depth'
    } else if (sign === ']' || sign === '}') depth--
  }
  return values > maxValues ? 'values' : undefined
}

/** The same, but that text is not read which is too short to be beyond either. */
const bounded = (text: string, maxDepth: number, maxValues: number): string | undefined =>
  text.length <= maxDepth * 2 && text.length <= maxValues * 2 ? undefined : plainly(text, maxDepth, maxValues)

const pieces = fc.array(
  fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"',
    '\\',
    '\\"',
    '\\\\',
    '},{',
    '],[',
    ':[',
    ':{',
    '"a":{"b":1},',
    '"x"',
    `"${'y'.repeat(40)}"`,
    'z'.repeat(70),
    '\\"'.repeat(20),
    '\\'.repeat(35),
    '@',
    'ä',
    '你',
  ),
  { maxLength: 60 },
)

test('any text is refused exactly where counting every character refuses it', () => {
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (list, depth, most) => {
        const text = list.join('')
        expect(passedBound(text, depth, Infinity)).toBe(bounded(text, depth, Infinity))
        expect(passedBound(text, depth, most)).toBe(bounded(text, depth, most))
      },
    ),
    { numRuns: 3000 },
  )
})

test('so is JSON', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.integer({ min: 1, max: 6 }), (text, depth) => {
      expect(passedBound(text, depth, Infinity)).toBe(bounded(text, depth, Infinity))
    }),
  )
})

test('depth that hides behind pairs of brackets is found', () => {
  const limit = 256
  for (const level of ['[{"a":1},{"b":', '{"a":[1],"b":[2,"}"],"c":', '[[],[', '{"},{":[{},{"c":']) {
    const shallow = level.repeat(limit / 4)
    expect(passedBound(shallow, limit, Infinity)).toBeUndefined()
    expect(passedBound(level.repeat(limit + 1), limit, Infinity)).toBe('depth')
  }
})
