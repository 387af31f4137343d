import { expect, test } from 'vitest'
import { linesOnly, shortSource } from '../src/maps.ts'

test('the first place of each line stays, whatever the lines before had', () => {
  // https://tc39.es/ecma426/#sec-mappings: generated column, source, line, column, [name], each less that of the one before
  expect(linesOnly('AAAA,SAASA;AACT,IACE;;EAAA')).toBe('AAAA;AACA;;AACE')
  expect(linesOnly(';CAAC;')).toBe(';AAAC;')
  expect(linesOnly('AAAggggD,A')).toBe('AAAggggD')
})

test('no line of a source moves', () => {
  const source = `/**\n * Says what.\n */\nconst a = 1 /** one */\n\n  // Why.\n    const b = '/*'\n`
  expect(shortSource(source)).toBe(`\n\n\nconst a = 1\n\n // Why.\n  const b = '/*'\n`)
})

test('what only the types need is not in the maps, and no line moves', () => {
  const source = `import { a } from './a.ts'\nimport type {\n  B,\n} from './b.ts'\n\nexport interface C {\n  d: B\n}\nconst e = 'import { f } from'\n`
  expect(shortSource(source)).toBe(`\n\n\n\n\n\n\n\nconst e = 'import { f } from'\n`)
})
