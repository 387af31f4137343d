import { styleText } from 'node:util'
import type { Readable, Writable } from 'node:stream'

/** Where a command reads and writes; the process, but for tests and programs that embed the command. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** What a command ends with; a guest's own exit code can be any other. */
export const OK = 0
/** It was asked for rightly, and did not work. */
export const FAILED = 1
/** It was asked for wrongly. */
export const USAGE = 2

/** Colour, where the stream is a terminal that wants it (NO_COLOR, FORCE_COLOR). */
export const paint = (style: Parameters<typeof styleText>[0], text: string, stream: Writable): string =>
  styleText(style, text, { stream })

/** Resolves when there is room again. */
const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    stream.once('drain', resolve)
  })

/** Writes results: as text for people, or as a line of JSON each. */
export class Output {
  readonly json: boolean
  readonly #terminal: Terminal

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal
    this.json = json
  }

  /** A result: the text for people, the value for programs. */
  result(text: string, value: unknown): boolean {
    return this.#terminal.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  /** Received bytes, verbatim; resolves when more can be taken. */
  async bytes(bytes: Uint8Array): Promise<void> {
    const room = this.json
      ? this.result('', { data: Buffer.from(bytes).toString('base64') })
      : this.#terminal.stdout.write(bytes)
    if (!room) await drained(this.#terminal.stdout)
  }

  /** What happens, beside the results: to standard error, so that results can be piped. */
  note(text: string, value: Readonly<Record<string, unknown>>): void {
    this.#terminal.stderr.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  /** Colour for a result. */
  paint(style: Parameters<typeof styleText>[0], text: string): string {
    return paint(style, text, this.#terminal.stdout)
  }
}
