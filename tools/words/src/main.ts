/** Finds words of the list in comments and documentation; folders may be named, by default it looks everywhere. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { find, lacksHeader } from './find.ts'

const root = join(import.meta.dirname, '../../..')
const named = process.argv.slice(2)

/** Decisions and changes are kept as they were written. */
const KEPT = [':!docs/adr', ':!.changeset', ':!*CHANGELOG.md', ':!tools/words/src/list.ts']
const places =
  named.length > 0
    ? named
    : ['*.md', ...['packages', 'apps', 'tools'].map((group) => `:(glob)${group}/*/src/**/*.ts`)]

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...places, ...KEPT],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
let count = 0
for (const file of files.split('\n').filter((each) => /\.(md|ts)$/.test(each))) {
  const text = readFileSync(join(root, file), 'utf8')
  if (lacksHeader(file, text)) {
    console.error(`${file}:1: begins with no comment that says what is inside`)
    count += 1
  }
  for (const { line, word, instead } of find(file, text)) {
    console.error(`${file}:${line}: "${word}": write ${instead}`)
    count += 1
  }
}
if (count > 0) process.exitCode = 1
else console.log('words: comments and documentation use the words of the house')
