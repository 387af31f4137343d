import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { brokenLinks } from '../src/check.ts'

const broken = (body: string): readonly string[] => {
  const site = tempDir()
  mkdirSync(join(site, 'pages'))
  writeFileSync(join(site, 'style.css'), '')
  writeFileSync(join(site, 'index.html'), '<h1 id="a&amp;b">x</h1>')
  writeFileSync(join(site, 'pages/p.html'), `<p id="own">${body}</p>`)
  return brokenLinks(site).broken
}

describe('a link of the site', () => {
  test('to a page, an anchor, or a file is whole', () => {
    expect(
      broken(
        '<a href="../index.html#a%26b">x</a><a class="y" href="#own"></a><link href="../style.css?v=1"/><a href="https://example.com/#x"></a>',
      ),
    ).toEqual([])
  })

  test.each([
    ['<a href="q.html"></a>', 'pages/p.html: "q.html" leads to no file'],
    ['<img src="q.png">', 'pages/p.html: "q.png" leads to no file'],
    ['<a href="#nowhere"></a>', 'pages/p.html: "#nowhere" has no such anchor in pages/p.html'],
    ['<a href="../index.html#c"></a>', 'pages/p.html: "../index.html#c" has no such anchor in index.html'],
    ['<a href="http://example.com"></a>', 'pages/p.html: "http://example.com" is http: and not https:'],
    ['<a href="https://README"></a>', 'pages/p.html: "https://README" has no host of the web'],
  ])('%s is broken', (body, line) => {
    expect(broken(body)).toEqual([line])
  })
})
