/** Output: results and notes, as text or JSON. */
import { styleText } from 'node:util'
import type { Readable, Writable } from 'node:stream'
import { printableJson, printableLines } from './printable.ts'

/** Streams of a command: those of the process, or those of a test or of a program that embeds the command. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Text in colour where the stream is a terminal (NO_COLOR and FORCE_COLOR decide otherwise). */
export const paint = (style: Parameters<typeof styleText>[0], text: string, stream: Writable): string =>
  styleText(style, text, { stream })

/** Resolves at the next `drain`, or when the reader has gone. */
const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed) return resolve()
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })

/** Writes results to stdout and notes to stderr: as text, or one JSON value a line. */
export class Output {
  readonly json: boolean
  readonly #terminal: Terminal

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal
    this.json = json
  }

  /** Writes a result: the text, whose parts of others are `printable`, or with --json the value. */
  result(text: string, value: unknown): boolean {
    return this.#terminal.stdout.write(`${this.json ? printableJson(value) : text}\n`)
  }

  /** Writes received bytes verbatim, or with --json as base64; resolves when stdout has room for more. */
  async bytes(bytes: Uint8Array): Promise<void> {
    const room = this.json
      ? this.result('', { data: Buffer.from(bytes).toString('base64') })
      : this.#terminal.stdout.write(bytes)
    if (!room) await drained(this.#terminal.stdout)
  }

  /** Writes a note to stderr, so that stdout has results only. */
  note(text: string, value: Readonly<Record<string, unknown>>): void {
    this.#terminal.stderr.write(`${this.json ? printableJson(value) : printableLines(text)}\n`)
  }

  /** Colours a part of a result. */
  paint(style: Parameters<typeof styleText>[0], text: string): string {
    return paint(style, text, this.#terminal.stdout)
  }
}
