/** How a program is run to its end. */
import { spawn } from 'node:child_process'

/** How to run a program. */
export interface CommandSettings {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** The program is killed after this time. */
  readonly timeoutMs?: number
  /** Its output is not wanted: for programs that leave daemons behind, which would hold the pipes open. */
  readonly silent?: boolean
}

/** A program could not be started or failed; the message holds the end of its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

const LAST_LINES = 30

/**
 * Runs a program to its end and returns its standard output.
 *
 * @throws CommandError when it cannot be started or ends with anything but code 0.
 */
export const command = (
  file: string,
  args: readonly string[],
  { cwd, env = process.env, timeoutMs, silent = false }: CommandSettings = {},
): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
    env,
    stdio: ['ignore', silent ? 'ignore' : 'pipe', silent ? 'ignore' : 'pipe'],
  })
  const output: Buffer[] = []
  const everything: Buffer[] = []
  child.stdout?.on('data', (data: Buffer) => void (output.push(data), everything.push(data)))
  child.stderr?.on('data', (data: Buffer) => void everything.push(data))
  const line = [file, ...args].join(' ')
  child.once('error', (error) => reject(new CommandError(`${line}: ${error.message}`, { cause: error })))
  child.once('close', (code, signal) => {
    if (code === 0) return resolve(Buffer.concat(output).toString())
    const last = Buffer.concat(everything).toString().trimEnd().split('\n').slice(-LAST_LINES).join('\n')
    return reject(new CommandError(`${line}: ended with ${signal ?? `code ${code}`}\n${last}`))
  })
  return promise
}
