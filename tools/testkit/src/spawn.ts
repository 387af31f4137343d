import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { atEnd } from './cleanup.ts'
import { Lines } from './lines.ts'

/** How a process ended. */
export interface Exit {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Options of {@link spawnScript} and {@link spawnProgram}. */
export interface SpawnSettings {
  readonly cwd?: string
  /** Added to this process' environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Options for Node itself, before the script; only for {@link spawnScript}. */
  readonly execArgv?: readonly string[]
  /** Written to standard input, which is then closed. Without it standard input stays open and empty. */
  readonly input?: string
}

/** A running process; it is killed, and waited for, when the test ends. */
export interface Spawned {
  readonly process: ChildProcess
  readonly pid: number
  /** All it has written to standard output so far. */
  stdout(): string
  /** All it has written to standard error so far. */
  stderr(): string
  /**
   * Resolves with the first line, of either stream, that matches and that no earlier call has returned.
   * Rejects, with all output in the message, when the process ends first or after `timeoutMs` (10 000).
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Resolves when the process has ended and all its output is here. */
  readonly exit: Promise<Exit>
  /** Ends it at once and resolves like {@link Spawned.exit}. */
  kill(signal?: NodeJS.Signals): Promise<Exit>
}

const environment = (extra: SpawnSettings['env']): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = { ...process.env, ...extra }
  for (const name of Object.keys(env)) if (env[name] === undefined) delete env[name]
  return env
}

const ended = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })

/** Starts a program and collects its output. It is killed when the running test (or the file) ends. */
export const spawnProgram = (
  command: string,
  args: readonly string[] = [],
  settings: SpawnSettings = {},
): Spawned => {
  // Pipes are right under Wine too: only at its border with Unix a Windows Node cannot use them.
  const child = spawn(command, args, {
    ...(settings.cwd === undefined ? {} : { cwd: settings.cwd }),
    env: environment(settings.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines = new Lines(`${command} ${args.join(' ')}`)
  const exit = ended(child)
  exit.then(
    ({ code, signal }) => lines.end(`it ended with ${signal ?? `code ${code}`}`),
    (error: Error) => lines.end(error.message),
  )
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.add('stdout', text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.add('stderr', text))
  // The process may end without reading its input: that is no failure of the test.
  child.stdin.on('error', () => {})
  if (settings.input !== undefined) child.stdin.end(settings.input)

  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exit
  }
  atEnd(async () => {
    await kill().catch(() => {})
  })
  return {
    process: child,
    pid: child.pid ?? -1,
    stdout: () => lines.text('stdout'),
    stderr: () => lines.text('stderr'),
    waitForLine: (pattern, timeoutMs = 10_000) => lines.waitFor(pattern, timeoutMs),
    exit,
    kill,
  }
}

/**
 * Starts a Node script, JavaScript or TypeScript, as a process of its own with this same Node.
 * Warnings about experimental features (type stripping on Node 22) are kept out of its standard error.
 *
 * @param file - a path or a file: URL.
 */
export const spawnScript = (
  file: string | URL,
  args: readonly string[] = [],
  settings: SpawnSettings = {},
): Spawned => {
  const path = typeof file === 'string' && !file.startsWith('file:') ? file : fileURLToPath(file)
  const node = ['--disable-warning=ExperimentalWarning', ...(settings.execArgv ?? [])]
  return spawnProgram(process.execPath, [...node, path, ...args], settings)
}
