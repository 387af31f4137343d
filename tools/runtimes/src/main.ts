/** The matrix: every case in every runtime, and every pair of runtimes, as a table. */
import { execFileSync } from 'node:child_process'
import { readArguments, type Order } from './arguments.ts'
import { writePages } from './pages.ts'
import { programOf, type Program } from './programs.ts'
import { rowsOf, SHORT, titleOf } from './rows.ts'
import type { RuntimeName } from './runtimes.ts'
import { WORDS, type Result } from './table.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const TITLES: Readonly<Record<RuntimeName, string>> = {
  node: 'Node',
  bun: 'Bun',
  deno: 'Deno',
  'bun-musl': 'Bun on musl',
}

const titleOfColumn = (name: RuntimeName, { path, ffi, env }: Program): string => {
  const version = execFileSync(path, ['--version'], { env: { ...process.env, ...env } })
    .toString()
    .split('\n', 1)[0]!
    .replace(/^v|^deno | \(.*$/g, '')
  return `${TITLES[name]} ${version}${ffi === undefined ? '' : ', its own FFI'}`
}

const isWanted =
  ({ word, short }: Order) =>
  (title: string): boolean =>
    title.includes(word) && (!short || SHORT.includes(title))

const main = async (): Promise<boolean> => {
  const order = readArguments(process.argv.slice(2))
  const programs = order.runtimes.map((name) => [name, programOf(name, order.ownFfi)] as const)
  const columns = programs.map(([name, program]) => titleOfColumn(name, program))
  print(`| | ${columns.join(' | ')} |`)
  print(`|-|${columns.map(() => '-|').join('')}`)
  const wanted = isWanted(order)
  const results: Result[] = []
  for (const row of rowsOf(programs).filter((each) => wanted(titleOf(each)))) {
    const outcomes = await Promise.all(programs.map(([, program]) => row.try(program)))
    print(`| ${titleOf(row)} | ${outcomes.map(({ verdict }) => WORDS[verdict]).join(' | ')} |`)
    results.push({ area: row.area, name: row.name, outcomes })
  }
  const all = results.flatMap((result) =>
    result.outcomes.map((outcome, index) => ({ title: `${columns[index]}, ${titleOf(result)}`, ...outcome })),
  )
  print('')
  for (const { title, verdict, detail } of all) if (verdict !== 'works') print(`${title}: ${detail}`)
  const failed = all.filter(({ verdict }) => verdict === 'fails').length
  if (order.write && failed === 0) writePages(columns, results)
  print(`${all.length - failed} passed, ${failed} failed`)
  return failed === 0 && all.length > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`runtimes: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
