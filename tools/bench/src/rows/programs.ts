/** The programs of the rows: subjects of this folder, workloads of @uds/events, C. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '@uds/debian'
import type { Row, Target } from '../row.ts'

const subjects = join(import.meta.dirname, '../../subjects')
const root = join(import.meta.dirname, '../../../..')

const NODE = [process.execPath, '--no-warnings', '--expose-gc'] as const

/** The windows and bursts of all subjects fit into it. */
const STEP = 1024

/** The settings of a row that most rows do not have. */
interface Settings {
  readonly size?: number
  readonly variant?: string
  readonly target?: Target
  readonly teller?: Row['teller']
  readonly alone?: Row['alone']
}

const rowOf = (
  name: string,
  command: Row['command'],
  work: string,
  count: number,
  { size = 64, variant = '', target, teller, alone }: Settings,
): Row => ({
  name,
  protocol: 'lines',
  command,
  work,
  count,
  step: STEP,
  size,
  variant,
  teller: teller ?? (work === 'one-way' ? 'server' : 'client'),
  ...(alone !== undefined && { alone }),
  ...(target !== undefined && { target }),
})

/** A subject that has nothing of this project in it. */
export const subject = (
  name: string,
  file: string,
  work: string,
  count: number,
  settings: Settings = {},
): Row => rowOf(name, [...NODE, join(subjects, file)], work, count, settings)

/** A subject of this project. */
export const ours = (...args: Parameters<typeof subject>): Row => ({ ...subject(...args), ours: true })

/** A workload of @uds/events, or the same by node:net. */
export const workload = (
  name: string,
  by: 'uds' | 'net',
  work: string,
  count: number,
  teller: Row['teller'],
  target?: Target,
): Row => ({
  ...rowOf(name, [...NODE, join(root, 'packages/events/bench/subjects/workload.ts')], work, count, {
    variant: by,
    teller,
    ...(target !== undefined && { target }),
  }),
  protocol: 'messages',
  step: work.startsWith('connect') ? 1 : Number(work.split(':')[1] ?? 1),
  ours: by === 'uds',
})

const compiled = new Map<string, string | undefined>()

const compile = (source: string): string | undefined => {
  if (compiled.has(source)) return compiled.get(source)
  const folder = join(cacheDir(process.env), 'bench-c')
  mkdirSync(folder, { recursive: true })
  const output = join(folder, source.replace('.c', ''))
  try {
    execFileSync('cc', ['-O2', '-o', output, join(subjects, source)], { stdio: ['ignore', 'ignore', 'pipe'] })
    compiled.set(source, output)
  } catch {
    console.error(`no C compiler makes ${source}: its rows are left out`)
    compiled.set(source, undefined)
  }
  return compiled.get(source)
}

/** The row of C; none without a compiler. */
export const c = (
  name: string,
  source: string,
  work: string,
  count: number,
  settings: Settings = {},
): Row[] => {
  const program = compile(source)
  return program === undefined ? [] : [rowOf(name, [program], work, count, settings)]
}
