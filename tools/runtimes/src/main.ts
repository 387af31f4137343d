/** The matrix: every case in every runtime, and every pair of runtimes, as a table. */
import { execFileSync } from 'node:child_process'
import { areas } from './cases/index.ts'
import { childEnds } from './pairs/child-ends.ts'
import { conversations } from './pairs/conversations.ts'
import { readArguments } from './arguments.ts'
import type { Outcome } from './outcome.ts'
import { programOf, type Program } from './programs.ts'
import { runCase, runChild, runPair } from './run-case.ts'

/** A row of the table: what is tried, once for each column. */
interface Row {
  readonly name: string
  try(program: Program): Promise<Outcome>
}

const WORDS: Readonly<Record<Outcome['verdict'], string>> = {
  works: 'works',
  refused: 'refused in words',
  fails: 'FAILS',
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const versionOf = ({ path }: Program): string =>
  execFileSync(path, ['--version'])
    .toString()
    .split('\n', 1)[0]!
    .replace(/^v|^deno | \(.*$/g, '')

/** Each column is the runtime of the case, or of the client of a pair. */
const rowsOf = (programs: readonly (readonly [string, Program])[]): Row[] => [
  ...Object.entries(areas).flatMap(([area, cases]) =>
    Object.keys(cases).map((name) => ({
      name: `${area}: ${name}`,
      try: (program: Program) => runCase(program, area, name),
    })),
  ),
  ...Object.keys(childEnds).flatMap((end) =>
    programs.map(([name, parent]) => ({
      name: `child of a parent in ${name}: it ${end}`,
      try: (program: Program) => runChild(parent, program, end),
    })),
  ),
  ...Object.keys(conversations).flatMap((kind) =>
    programs.map(([name, server]) => ({
      name: `${kind}: client of a server in ${name}`,
      try: (program: Program) => runPair(server, program, kind),
    })),
  ),
]

const main = async (): Promise<boolean> => {
  const order = readArguments(process.argv.slice(2))
  const programs = order.runtimes.map((name) => [name, programOf(name)] as const)
  print(`| | ${programs.map(([name, program]) => `${name} ${versionOf(program)}`).join(' | ')} |`)
  print(`|-|${programs.map(() => '-|').join('')}`)
  const notes: string[] = []
  let failed = 0
  let passed = 0
  for (const row of rowsOf(programs).filter(({ name }) => name.includes(order.word))) {
    const outcomes = await Promise.all(programs.map(([, program]) => row.try(program)))
    print(`| ${row.name} | ${outcomes.map(({ verdict }) => WORDS[verdict]).join(' | ')} |`)
    for (const [index, { verdict, detail }] of outcomes.entries()) {
      if (verdict === 'fails') failed += 1
      else passed += 1
      if (verdict !== 'works') notes.push(`${programs[index]![0]}, ${row.name}: ${detail}`)
    }
  }
  for (const note of ['', ...notes]) print(note)
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`runtimes: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
