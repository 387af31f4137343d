import { describe, expect, test } from 'vitest'
import { relinked } from '../src/links.ts'

const marked = (markdown: string): string => relinked(markdown, (link) => `<${link}>`)

describe('a link of a page', () => {
  test('to a file is what the site makes of it', () => {
    expect(marked('see [a](guides/a.md) and [b](../b#c)')).toBe('see [a](<guides/a.md>) and [b](<../b#c>)')
  })

  test('into the web, or on the same page, stays', () => {
    for (const link of ['https://example.com/a', 'mailto:a@example.com', '#part'])
      expect(marked(`[x](${link})`)).toBe(`[x](${link})`)
  })

  test('in code is no link', () => {
    const code = 'a `[b](c)` d\n\n```md\n[e](f)\n```\n'
    expect(marked(code)).toBe(code)
  })
})
