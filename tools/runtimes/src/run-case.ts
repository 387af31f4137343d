/** Runs cases and conversations, each side in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { judge, type Outcome } from './outcome.ts'
import type { Program } from './programs.ts'

const TIMEOUT_MS = 90_000

/** An environment in which nothing is fetched and no colours are printed. */
const environment = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }

const run = async (program: Program, file: string, args: readonly string[]): Promise<Outcome> => {
  const child = spawn(program.path, [...program.args, join(import.meta.dirname, file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...program.env, ...(program.ffi && { UDS_FFI: program.ffi }) },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return judge(output, errors, code, TIMEOUT_MS)
}

/** Calls `attempt` with a fresh directory. */
const inDirectory = async <T>(attempt: (directory: string) => Promise<T>): Promise<T> => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-'))
  try {
    return await attempt(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Runs one case in one runtime. */
export const runCase = (program: Program, area: string, name: string): Promise<Outcome> =>
  inDirectory((directory) => run(program, 'try-case.ts', [area, name, directory]))

/** Runs a server in one runtime and its client in another; the outcome is the worse of the two. */
export const runPair = (server: Program, client: Program, name: string): Promise<Outcome> =>
  inDirectory(async (directory) => {
    const sides = await Promise.all([
      run(server, 'try-side.ts', ['server', name, directory]),
      run(client, 'try-side.ts', ['client', name, directory]),
    ])
    return (
      sides.find(({ verdict }) => verdict === 'fails') ??
      sides.find(({ verdict }) => verdict === 'refused') ??
      sides[0]
    )
  })

/** Runs a parent in one runtime and its child in another. */
export const runChild = (parent: Program, child: Program, end: string): Promise<Outcome> =>
  run(parent, 'try-parent.ts', [end, child.path, ...child.args])
