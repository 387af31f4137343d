import { describe, expect, test } from 'vitest'
import { withCode } from '../src/markdown.ts'
import { region } from '../src/regions.ts'

const source = `import x
  // #region a
  one
    // #region b
    two

    // #endregion
  three
  // #endregion
rest
`

describe('a region', () => {
  test('loses its indentation and the marks inside', () => {
    expect(region(source, 'a')).toBe('one\n  two\n\nthree')
    expect(region(source, 'b')).toBe('two')
  })

  test('at several places is joined', () => {
    const twice = '// #region a\none\n// #endregion\nx\n// #region a\ntwo\n// #endregion\n'
    expect(region(twice, 'a')).toBe('one\n\ntwo')
  })

  test('that is not there, or does not end, is an error', () => {
    expect(() => region(source, 'c')).toThrow('no "// #region c"')
    expect(() => region('// #region c\nx', 'c')).toThrow('has no end')
  })
})

test('a code block behind a mark is replaced, and nothing else is', () => {
  const markdown = 'text\n\n<!-- code: f.ts#b -->\n\n```ts\nold\n```\n\n```ts\nkept\n```\n'
  expect(withCode(markdown, () => source)).toBe(markdown.replace('old', 'two'))
  expect(
    withCode(
      withCode(markdown, () => source),
      () => source,
    ),
  ).toBe(markdown.replace('old', 'two'))
})

test('a mark without a region takes the whole file', () => {
  expect(withCode('<!-- code: f.ts -->\n```ts\n```\n', () => 'all\n')).toBe(
    '<!-- code: f.ts -->\n```ts\n```\n',
  )
  expect(withCode('<!-- code: f.ts -->\n```ts\nx\n```\n', () => 'all\n')).toBe(
    '<!-- code: f.ts -->\n```ts\nall\n```\n',
  )
})
