import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lines } from '../src/lines.ts'

test('the lines are the same however the output is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(99), { minLength: 1 }), fc.array(fc.nat(300)), async (numbers, cuts) => {
      const text = numbers.map((number) => `<${number}>\n`).join('')
      const places = [...cuts.filter((cut) => cut < text.length), text.length].sort((a, b) => a - b)
      const lines = new Lines('a program')
      let from = 0
      for (const place of places) {
        lines.add('stdout', text.slice(from, place))
        from = place
      }
      for (const number of numbers) {
        expect((await lines.waitFor(/^<(\d+)>$/, 1000))[1]).toBe(String(number))
      }
      expect(lines.text('stdout')).toBe(text)
    }),
  )
})

test('an unfinished last line is a line when the program ends', async () => {
  const lines = new Lines('a program')
  const match = lines.waitFor(/end/, 1000)
  lines.add('stderr', 'the end')
  lines.end('it ended')
  expect((await match)[0]).toBe('end')
})
