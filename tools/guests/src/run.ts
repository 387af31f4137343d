import { spawnSync } from 'node:child_process'

/** How to run a program. */
export interface RunSettings {
  readonly cwd?: string
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A program could not be started or failed; the message holds the end of its output. */
export class RunError extends Error {
  override readonly name = 'RunError'
}

const LAST_LINES = 40
const MOST_OUTPUT = 64 * 1024 * 1024

/**
 * Runs a program to its end and returns its standard output.
 *
 * @throws RunError when it cannot be started or ends with anything but code 0.
 */
export const run = (file: string, args: readonly string[], { cwd, env }: RunSettings = {}): string => {
  const { error, status, signal, stdout, stderr } = spawnSync(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const line = [file, ...args].join(' ')
  if (error !== undefined) throw new RunError(`${line}: ${error.message}`, { cause: error })
  if (status === 0) return stdout
  const last = `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
  throw new RunError(`${line}: ended with ${signal ?? `code ${status}`}\n${last}`)
}
