import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tempDir } from '@uds/testkit'
import { expect, test } from 'vitest'
import { bundle } from '../src/bundle.ts'
import { entriesOf } from '../src/entries.ts'

const SOURCES = {
  'src/index.ts': `export { count } from './state.ts'\nexport const lazy = async () => (await import('./lazy.ts')).word\n`,
  'src/state.ts': `let n = 0\n/** Counts. */\nexport const count = (): number => (n += 1)\n`,
  'src/lazy.ts': `export const word = 'lazy'\n`,
  'src/net/index.ts': `export { count } from '../state.ts'\n`,
  'src/deep/a-thread.ts': `import { count } from '../state.ts'\ncount()\n`,
  'src/main.ts': `#!/usr/bin/env node\nimport { count } from './state.ts'\ncount()\n`,
  'build/index.d.ts': `export { count } from './state.ts'\nexport declare const lazy: () => Promise<string>\n`,
  'build/state.d.ts': `/** Counts. */\nexport declare const count: () => number\n`,
  'build/net/index.d.ts': `export { count } from '../state.ts'\n`,
  'tsconfig.json': '{ "compilerOptions": { "module": "NodeNext" } }',
}

const manifest = {
  name: 'sample',
  type: 'module',
  bin: { sample: './src/main.ts' },
  exports: { '.': './src/index.ts', './net': './src/net/index.ts', './package.json': './package.json' },
  publishConfig: {
    bin: { sample: './dist/main.js' },
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './net': { types: './dist/net/index.d.ts', default: './dist/net/index.js' },
      './package.json': './package.json',
    },
  },
}

const sample = (changes: object = {}): string => {
  const folder = tempDir()
  const files = { ...SOURCES, 'package.json': JSON.stringify({ ...manifest, ...changes }) }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return folder
}

test('every entry, command and thread becomes one file, and what they share exists once', async () => {
  const folder = sample()
  await bundle(folder)
  const load = async (path: string): Promise<Record<string, () => unknown>> =>
    (await import(pathToFileURL(join(folder, 'dist', path)).href)) as Record<string, () => unknown>
  const door = await load('index.js')
  const net = await load('net/index.js')
  expect([door['count']!(), net['count']!(), door['count']!()]).toEqual([1, 2, 3])
  expect(await door['lazy']!()).toBe('lazy')
  const files = readdirSync(join(folder, 'dist'), { recursive: true }).map((file) =>
    String(file).replaceAll('\\', '/'),
  )
  expect(files).toEqual(expect.arrayContaining(['a-thread.js', 'main.js', 'index.d.ts', 'net/index.d.ts']))
  expect(readFileSync(join(folder, 'dist/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})

test('an entry that needs nothing of Node is one file for a browser, where the main one needs Node', async () => {
  const folder = sample()
  writeFileSync(
    join(folder, 'src/index.ts'),
    `import { tmpdir } from 'node:os'\nimport { count } from './state.ts'\nexport const where = () => tmpdir() + count()\nexport const lazy = async () => ''\n`,
  )
  await bundle(folder)
  const text = readFileSync(join(folder, 'dist/net/index.js'), 'utf8')
  expect(text).toContain('count')
  expect(text).not.toMatch(/^import|\bprocess\b/m)
})

test('the maps hold the sources, so that nothing else has to be published', async () => {
  const folder = sample()
  await bundle(folder)
  const maps = readdirSync(join(folder, 'dist'), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.js.map'))
    .map(
      (file) => JSON.parse(readFileSync(join(folder, 'dist', file), 'utf8')) as { sourcesContent: string[] },
    )
  const without = SOURCES['src/state.ts'].replace('/** Counts. */', '')
  expect(maps.flatMap(({ sourcesContent }) => sourcesContent)).toContain(without)
})

test('a stack names the lines of the sources', async () => {
  const folder = sample()
  const fails = `/** Says\n * so. */\nexport const count = (): never => {\n  const text = 'here'\n  throw new Error(text)\n}\n`
  writeFileSync(join(folder, 'src/state.ts'), fails)
  await bundle(folder)
  const door = pathToFileURL(join(folder, 'dist/index.js')).href
  const program = `import { count } from '${door}'\ntry { count() } catch (error) { console.log(error.stack) }`
  const args = ['--enable-source-maps', '--input-type=module', '-e', program]
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stdout.replaceAll('\\', '/')).toMatch(/src\/state\.ts:5:/)
})

test('an entry that needs little of what the main one loads does not load all of it', async () => {
  const folder = sample()
  const large = `export const text = ${JSON.stringify('x'.repeat(10_000))}\n`
  writeFileSync(join(folder, 'src/large.ts'), large)
  writeFileSync(
    join(folder, 'src/index.ts'),
    `export { count } from './state.ts'\nexport { text } from './large.ts'\n`,
  )
  await bundle(folder)
  const read = (path: string): string => readFileSync(join(folder, 'dist', path), 'utf8')
  const imported = /from"?\s*"\.\.?\/(.*?)"/.exec(read('net/index.js'))?.[1] ?? ''
  expect(imported).toMatch(/^shared-/)
  expect(read(imported)).not.toContain('xxxx')
})

test('an entry internal is the file of the package, and the entry . a list of its names', async () => {
  const door = { types: './dist/internal.d.ts', default: './dist/internal.js' }
  const { exports, publishConfig } = manifest
  const folder = sample({
    exports: { ...exports, './internal': './src/internal.ts' },
    publishConfig: { ...publishConfig, exports: { ...publishConfig.exports, './internal': door } },
  })
  await expect(async () => {
    writeFileSync(join(folder, 'src/internal.ts'), `export * from './index.ts'\n`)
    await bundle(folder)
  }).rejects.toThrow('may only name what other modules export')
  writeFileSync(
    join(folder, 'src/index.ts'),
    `export { count } from './state.ts'\nexport { word } from './lazy.ts'\n`,
  )
  writeFileSync(join(folder, 'src/internal.ts'), `export * from './index.ts'\nexport const own = 1\n`)
  writeFileSync(join(folder, 'build/internal.d.ts'), `export * from './index.ts'\n`)
  await bundle(folder)
  const load = async (path: string): Promise<Record<string, unknown>> =>
    (await import(pathToFileURL(join(folder, 'dist', path)).href)) as Record<string, unknown>
  const [index, internal] = [await load('index.js'), await load('internal.js')]
  expect(Object.keys(index).toSorted()).toEqual(['count', 'word'])
  expect({ ...internal }).toMatchObject({ own: 1, count: index['count'], word: 'lazy' })
  expect(readFileSync(join(folder, 'dist/index.js'), 'utf8')).toMatch(
    /^export \{[^}]*\} from "\.\/internal\.js";/,
  )
  expect(readFileSync(join(folder, 'dist/internal.js'), 'utf8')).not.toMatch(/^import\b/m)
})

test('a sibling with an entry internal is read from there', async () => {
  const folder = sample({ dependencies: { sibling: '*' } })
  const sibling = join(folder, 'node_modules/sibling')
  mkdirSync(sibling, { recursive: true })
  const doors = { '.': './index.js', './internal': './internal.js' }
  writeFileSync(
    join(sibling, 'package.json'),
    JSON.stringify({ name: 'sibling', type: 'module', exports: doors }),
  )
  writeFileSync(join(folder, 'src/state.ts'), `export { count } from 'sibling'\n`)
  await bundle(folder)
  const texts = readdirSync(join(folder, 'dist'))
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, 'dist', file), 'utf8'))
  expect(texts.join('')).toMatch(/from "sibling\/internal"/)
  expect(texts.join('')).not.toMatch(/from "sibling"/)
})

test('a thread that needs little of its package has a file without the rest', async () => {
  const folder = sample()
  const large = `export const text = ${JSON.stringify('x'.repeat(200_000))}\n`
  writeFileSync(join(folder, 'src/large.ts'), large)
  writeFileSync(
    join(folder, 'src/index.ts'),
    `export { count } from './state.ts'\nexport { text } from './large.ts'\n`,
  )
  await bundle(folder)
  const thread = readFileSync(join(folder, 'dist/a-thread.js'), 'utf8')
  expect(thread).not.toMatch(/^import/m)
  expect(thread).toContain('count()')
})

test('the declarations of an entry say what its sources say', async () => {
  const folder = sample()
  await bundle(folder)
  const texts = readdirSync(join(folder, 'dist'))
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => readFileSync(join(folder, 'dist', file), 'utf8'))
  expect(texts.join('')).toContain('/** Counts. */\ndeclare const count: () => number')
})

test('modules of Node are not imported, so that nothing is loaded but what is used', async () => {
  const folder = sample()
  const state = `import { join as put, sep } from 'node:path'\nexport const count = (): string => put('a', 'b') + sep\n`
  writeFileSync(join(folder, 'src/state.ts'), state)
  await bundle(folder)
  const texts = readdirSync(join(folder, 'dist'))
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, 'dist', file), 'utf8'))
  expect(texts.join('')).not.toMatch(/from "node:/)
  const { count } = (await import(pathToFileURL(join(folder, 'dist/index.js')).href)) as {
    count: () => string
  }
  expect(count()).toBe(`${join('a', 'b')}${sep}`)
})

test('a module that cannot be resolved is an error, not a warning', async () => {
  const folder = sample()
  writeFileSync(join(folder, 'src/lazy.ts'), `export { word } from './missing.ts'\n`)
  await expect(bundle(folder)).rejects.toThrow('missing.ts')
})

test('an entry that is published from another place than dist is an error', () => {
  const wrong = { '.': { default: './lib/index.js' } }
  const folder = sample({ publishConfig: { exports: wrong } })
  expect(() => entriesOf(folder)).toThrow('the entry . is published as ./lib/index.js')
})
