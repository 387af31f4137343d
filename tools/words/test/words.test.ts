import { expect, test } from 'vitest'
import { find, lacksHeader } from '../src/find.ts'

const words = (file: string, text: string): string[] =>
  find(file, text).map(({ line, word }) => `${line} ${word}`)

test('a word of the list is found in every kind of comment, with its line', () => {
  const source = `/** Gives the id. */\nconst a = 1 // told before\n/*\n * somebody else's\n */\n`
  expect(words('a.ts', source)).toEqual(['1 Gives', '2 told', '4 somebody'])
})

test('code, strings, names in backticks and examples are no prose', () => {
  const source =
    'const told = "gives // tells"\n' +
    "const url = 'http://example.org/tells'\n" +
    'const text = `somebody ${told} // given`\n' +
    '/** Returns `given`. https://example.org/told */\n' +
    '/**\n * ```ts\n * tells()\n * ```\n */\n'
  expect(words('a.ts', source)).toEqual([])
})

test('Markdown is prose outside its code, its links and its marks', () => {
  const text = 'It tells `told`.\n\n```ts\ngive()\n```\n[a](docs/tells.md) <!-- gives -->\nsomeone\n'
  expect(words('a.md', text)).toEqual(['1 tells', '7 someone'])
})

test('a word inside another is another word', () => {
  expect(words('a.md', 'forgiven, foretell, giveaway, some bodies, what-comes\n')).toEqual([])
})

test('a source of a package begins with what is inside', () => {
  expect(lacksHeader('packages/a/src/room/b.ts', "import { c } from './c.ts'\n")).toBe(true)
  expect(lacksHeader('packages/a/src/room/b.ts', '/** b: what b is. */\n')).toBe(false)
  expect(lacksHeader('packages/cli/src/main.ts', '#!/usr/bin/env node\n')).toBe(false)
  expect(lacksHeader('packages/a/test/b.ts', 'const b = 1\n')).toBe(false)
})
