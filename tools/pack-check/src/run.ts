import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
}

/**
 * Runs a program to its end and returns its output.
 *
 * @throws Error with the command and all that it printed.
 */
export const run = (
  command: string,
  args: readonly string[],
  cwd: string,
  { env = process.env, timeoutMs = 300_000 }: RunOptions = {},
): string => {
  try {
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: [...stdio], timeout: timeoutMs })
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    const line = `${basename(command)} ${args.join(' ')}`
    throw new Error(`${line}\n${stdout}${stderr || message}`, { cause: error })
  }
}
