/** Programs in the runtime of the case itself. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'

/** What stands before the name of a file, as `runtimes.ts` runs the cases. */
const before: readonly string[] =
  process.versions['deno'] !== undefined
    ? ['run', '--allow-all', '--quiet']
    : process.versions['bun'] !== undefined
      ? ['run']
      : ['--disable-warning=ExperimentalWarning']

/** How a program ended, and what it has printed. */
export interface Ended {
  readonly code: number | null
  readonly output: string
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts a file of the workspace in this runtime, with what it reads. */
export const start = (file: URL, args: readonly string[], input = ''): Running => {
  const child = spawn(process.execPath, [...before, fileURLToPath(file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(input)
  const exit = once(child, 'exit') as Promise<[number | null]>
  const ended = Promise.all([exit, text(child.stdout)]).then(([[code], output]) => ({ code, output }))
  return { process: child, ended }
}

const command = new URL('../../../../packages/cli/src/main.ts', import.meta.url)

/** The command `uds` in this runtime. */
export const uds = (args: readonly string[], input?: string): Running => start(command, args, input)
