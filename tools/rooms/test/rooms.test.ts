import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { expect, test } from 'vitest'
import { withRooms } from '../src/architecture.ts'
import { circles } from '../src/circles.ts'
import { readImports, specifiers, type Imports } from '../src/imports.ts'
import { problems, roomOf } from '../src/order.ts'

const graph = (files: Readonly<Record<string, readonly string[]>>): Imports => new Map(Object.entries(files))

const ROOMS = { errors: 'errors', address: 'addresses', 'index.ts': 'the door' }

test('a package whose imports lead to lower rooms has no problem', () => {
  const imports = graph({
    'errors/error.ts': [],
    'address/parse.ts': ['errors/error.ts', 'address/types.ts'],
    'address/types.ts': [],
    'index.ts': ['address/parse.ts', 'errors/error.ts'],
  })
  expect(problems(ROOMS, imports)).toEqual([])
})

test('an import of a higher room is a problem, that of a type like that of a value', () => {
  expect(specifiers(`import type { Address } from '../address/types.ts'`)).toEqual(['../address/types.ts'])
  const imports = graph({
    'errors/error.ts': ['address/types.ts'],
    'address/types.ts': [],
    'index.ts': [],
  })
  expect(problems(ROOMS, imports)).toEqual([
    'src/errors/error.ts (room errors) imports src/address/types.ts of the higher room address',
  ])
})

test('a circle of files is a problem inside one room too', () => {
  const imports = graph({
    'errors/a.ts': ['errors/b.ts'],
    'errors/b.ts': ['errors/c.ts'],
    'errors/c.ts': ['errors/a.ts'],
    'address/x.ts': [],
    'index.ts': ['errors/a.ts'],
  })
  expect(circles(imports)).toEqual([['errors/a.ts', 'errors/b.ts', 'errors/c.ts']])
  expect(problems(ROOMS, imports)).toEqual([
    'a circle of imports: src/errors/a.ts, src/errors/b.ts, src/errors/c.ts',
  ])
})

test('a file in no room, a room without a file and a seventh loose file are problems', () => {
  const loose = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`f${at}.ts`, []]))
  const found = problems(
    { ...ROOMS, ...Object.fromEntries(Object.keys(loose).map((file) => [file, ''])) },
    graph({
      ...loose,
      'errors/error.ts': [],
      'stray/file.ts': [],
      'index.ts': [],
    }),
  )
  expect(found).toEqual([
    'src/stray/file.ts is in no room: name its folder in rooms.json, or move it into a room',
    'rooms.json names address, and src/address is not there',
    expect.stringContaining('src has 8 loose files, 6 at most: '),
  ])
})

test('a nested room is named by its whole path', () => {
  expect(roomOf(['unix-socket', 'unix-socket/lock'], 'unix-socket/lock/posix.ts')).toBe('unix-socket/lock')
  expect(roomOf(['unix-socket', 'unix-socket/lock'], 'unix-socket/posix.ts')).toBe('unix-socket')
  expect(roomOf(['unix'], 'unix-socket/posix.ts')).toBeUndefined()
})

test('imports are read from files: static, re-exported, dynamic, and none from comments', () => {
  const src = tempDir()
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(src, file)), { recursive: true })
    writeFileSync(join(src, file), text)
  }
  write('index.ts', `export { a } from './room/a.ts'\n/** import { x } from './room/none.ts' */\n`)
  write(
    'room/a.ts',
    `import {\n  b,\n} from '../other/b.ts'\nexport const a = () => import('./lazy.ts')\nb\n`,
  )
  write('room/lazy.ts', `import '../other/b.ts'\n// from './gone.ts'\n`)
  write('other/b.ts', `import { readFileSync } from 'node:fs'\nexport const b = readFileSync\n`)
  expect(Object.fromEntries(readImports(src))).toEqual({
    'index.ts': ['room/a.ts'],
    'other/b.ts': [],
    'room/a.ts': ['other/b.ts', 'room/lazy.ts'],
    'room/lazy.ts': ['other/b.ts'],
  })
})

test('the tables of ARCHITECTURE.md are the rooms, however often they are written', () => {
  const text = '# A\n<!-- rooms: stream -->\nold\n<!-- /rooms -->\nend\n'
  const once = withRooms(text, () => ({ errors: 'what failed', 'index.ts': 'the door' }))
  expect(once).toBe(
    '# A\n<!-- rooms: stream -->\n\n' +
      '| room       | inside      |\n| ---------- | ----------- |\n' +
      '| `errors`   | what failed |\n| `index.ts` | the door    |\n\n<!-- /rooms -->\nend\n',
  )
  expect(withRooms(once, () => ({ errors: 'what failed', 'index.ts': 'the door' }))).toBe(once)
})
