/** Copies the code of tested files into every Markdown file that asks for it. With --check it only compares. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withCode } from './markdown.ts'

const root = join(import.meta.dirname, '../../..')
const check = process.argv.includes('--check')
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
let differing = 0
for (const file of files.split('\n').filter(Boolean)) {
  const before = read(file)
  let after: string
  try {
    after = withCode(before, read)
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (after === before) continue
  differing += 1
  if (check) console.error(`${file}: the code differs from its source; run "pnpm readme"`)
  else writeFileSync(join(root, file), after)
}
if (check && differing > 0) process.exitCode = 1
else
  console.log(
    check ? 'readme: all code blocks are those of their sources' : `readme: ${differing} files written`,
  )
