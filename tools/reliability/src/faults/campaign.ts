/** Every operation with every fault, each operation in processes of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from './result.ts'

const script = join(import.meta.dirname, 'attempt-in-process.ts')

/** How a process that tries faults has ended. */
interface Ended {
  readonly results: readonly Result[]
  /** Undefined when it ended by itself, in order. */
  readonly died: string | undefined
}

const inProcess = async (args: readonly string[]): Promise<Ended> => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-r-'))
  const [area = '', name = '', ...rest] = args
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, area, name, directory, ...rest],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...how) => resolve(how)),
  )
  rmSync(directory, { recursive: true, force: true })
  return {
    results: output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Result),
    died: code === 0 ? undefined : `${signal ?? `exit code ${code}`}: ${complaints.trim().slice(-500)}`,
  }
}

/** One operation with all of its faults, or with one; `tell` hears each result. */
const tryOperation = async (
  area: string,
  name: string,
  fault: readonly [number, number] | undefined,
  tell: (result: Result) => void,
): Promise<void> => {
  let next: string[] = fault === undefined ? ['1'] : fault.map(String)
  for (;;) {
    const { results, died } = await inProcess([area, name, ...next])
    for (const each of results) tell(each)
    const last = results.at(-1)
    const call = last === undefined ? Number(next[0]) : last.call
    if (died !== undefined) {
      const problems = [`the process ended: ${died}`]
      tell({ call, choice: (last?.choice ?? -1) + 1, fired: undefined, ended: 'died', problems })
    }
    const hung = last?.problems.includes('it hung') === true
    if (fault !== undefined || (died === undefined && !hung)) return
    // On with the next call: what hangs or dies in one of its faults mostly does in all.
    next = [String(call + 1)]
  }
}

/** Tries all operations, as many at a time as there are processors. */
export const tryAll = async (
  operations: readonly (readonly [area: string, name: string])[],
  fault: readonly [number, number] | undefined,
  tell: (operation: string, result: Result) => void,
): Promise<void> => {
  const queue = [...operations]
  const worker = async (): Promise<void> => {
    for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
      const [area, name] = each
      await tryOperation(area, name, fault, (result) => tell(`${area}: ${name}`, result))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
}
