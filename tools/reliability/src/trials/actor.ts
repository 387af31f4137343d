/** Actors: processes that a trial starts, hears lines of, and kills. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface Actor {
  readonly pid: number
  /** Resolves with the first line from now on that matches; rejects when the process ends first, or after `timeoutMs`. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>
  /** Writes a line to its standard input. */
  tell(line: string): void
  /** Ends it with SIGKILL, or another signal, and waits for that. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** All lines so far. */
  readonly lines: readonly string[]
  readonly ended: boolean
  /** How it ended. */
  readonly exit: Promise<string>
}

/** The actors of one trial, none of which outlives it. */
export class Actors {
  readonly #all = new Set<Actor>()

  /** Starts a script of this tool, or a program; arguments that are no text are JSON. */
  start(script: string, args: readonly unknown[], command: readonly string[] = []): Actor {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', script]
    const texts = args.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
    const [program = '', ...rest] = [...command, ...node, ...texts]
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    const actor = new ChildActor(child, script)
    this.#all.add(actor)
    void actor.exit.then(() => this.#all.delete(actor))
    return actor
  }

  async end(): Promise<void> {
    await Promise.all([...this.#all].map((each) => each.kill()))
  }
}

/** How long a trial waits for a line: a process starts late on a busy machine. */
const PATIENCE_MS = 30_000

class ChildActor implements Actor {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiting = new Set<() => void>()
  readonly lines: string[] = []
  readonly exit: Promise<string>
  #rest = ''
  #complaints = ''
  ended = false

  constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
    child.stdin?.on('error', () => {})
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text))
    this.exit = once(child, 'close').then(([code, signal]) => {
      this.ended = true
      this.#wake()
      return `${signal ?? `exit code ${code}`}${this.#complaints && `: ${this.#complaints.trim().slice(-800)}`}`
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.lines.push(...lines)
    this.#wake()
  }

  #wake(): void {
    for (const each of this.#waiting) each()
  }

  async line(pattern: RegExp, timeoutMs = PATIENCE_MS): Promise<string> {
    let from = this.lines.length
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const look = (): void => {
      while (from < this.lines.length) {
        const line = this.lines[from++] ?? ''
        if (pattern.test(line)) resolve(line)
      }
      if (this.ended) void this.exit.then((how) => reject(new Error(`${this.#name} ended: ${how}`)))
    }
    const late = (): void =>
      reject(
        new Error(
          `${this.#name} did not say ${pattern} in ${timeoutMs} ms: ${this.lines.slice(-3).join(' | ')}`,
        ),
      )
    const timer = setTimeout(late, timeoutMs)
    this.#waiting.add(look)
    try {
      look()
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended) return
    this.#child.kill(signal)
    await this.exit
  }
}
