/** Checks the rooms of every package, or of those that are named; without --check it also writes ARCHITECTURE.md. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { withRooms } from './architecture.ts'
import { readImports } from './imports.ts'
import { problems, type Rooms } from './order.ts'

const root = join(import.meta.dirname, '../../..')
const check = process.argv.includes('--check')
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const all = globSync('packages/*/src/index.ts', { cwd: root })
  .map((file) => basename(dirname(dirname(file))))
  .toSorted()

const read = (name: string): Rooms => {
  const file = join(root, 'packages', name, 'rooms.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Rooms
  throw new Error(`packages/${name} has no rooms.json: write its rooms down, the lowest first`)
}

let broken = 0
for (const name of named.length > 0 ? named : all) {
  for (const problem of problems(read(name), readImports(join(root, 'packages', name, 'src')))) {
    console.error(`packages/${name}: ${problem}`)
    broken += 1
  }
}

if (named.length === 0) {
  const file = join(root, 'ARCHITECTURE.md')
  const before = readFileSync(file, 'utf8')
  const after = withRooms(before, read)
  if (after !== before && check) {
    console.error('ARCHITECTURE.md differs from rooms.json: run "pnpm rooms"')
    broken += 1
  } else if (after !== before) writeFileSync(file, after)
}
if (broken > 0) process.exitCode = 1
else console.log('rooms: every import follows the order of the rooms, and there is no circle')
