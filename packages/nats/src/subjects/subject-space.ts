/** SubjectSpace: the subjects of one channel. README.md, "Subjects". */
import { createHash } from 'node:crypto'
import { invalidValue } from '@uds/winsock-ffi'
import { escapeToken } from './token.ts'

/** nats-server ends a connection for a line of more than 4096 bytes: subject, reply subject and sizes together. */
const MOST_BYTES = 4000
/** The longest name of `@uds/events` has 255 bytes, each of which may be escaped. */
const LONGEST_TOKEN = 255 * 3
/** A kind, dots, an id and the sizes of the line. */
const REST = 120
/** The longest machine, escaped. */
const LONGEST_MACHINE = 240
/** The longest that is said of a client: its id, and its name where that is short. */
export const LONGEST_CLIENT = 300

/** The name of a stream is the name of a directory, too. */
const LONGEST_STREAM = 200

/** The name of a stream or consumer: its beginning, and a hash, where it is too long. */
export const shortName = (name: string): string =>
  name.length <= LONGEST_STREAM
    ? name
    : `${name.slice(0, LONGEST_STREAM - 23)}_${createHash('sha256').update(name).digest('base64url').slice(0, 22)}`

/** What stands behind the channel: one letter a kind. */
export type SubjectKind = 'e' | 'r' | 'b' | 'v' | 'p' | 'q' | 'a' | 'k' | 'c' | 'i' | 's' | 'w' | 'd'

/** Makes and reads the subjects of one channel: `PREFIX.CHANNEL.KIND.TOKENS`. */
export class SubjectSpace {
  readonly machine: string
  readonly #base: string
  readonly #tokens: number
  readonly #stream: string

  /** @throws TypeError `ERR_INVALID_ARG_VALUE` when the longest subject would not fit into a line of the protocol */
  constructor(prefix: string, channel: string, machine: string) {
    this.#base = `${prefix}.${escapeToken(channel)}.`
    const name = `${prefix.replaceAll('.', '_')}_${escapeToken(channel)}`
    this.#stream = shortName(name)
    this.#tokens = this.#base.split('.').length
    this.machine = escapeToken(machine)
    if (this.machine.length > LONGEST_MACHINE)
      throw invalidValue(
        'open',
        'machine',
        `must have at most ${LONGEST_MACHINE} characters, escaped`,
        machine,
      )
    // A request: its subject, and the subject of the reply with machine, client and number.
    const reply = this.#base.length + LONGEST_MACHINE + LONGEST_CLIENT + REST
    const longest = Math.max(
      this.#base.length + LONGEST_TOKEN + reply,
      this.#base.length + LONGEST_MACHINE + 2 * LONGEST_TOKEN + REST,
    )
    if (longest > MOST_BYTES)
      throw invalidValue(
        'open',
        'channel',
        `and prefix are too long: subjects would have up to ${longest} bytes, more than ${MOST_BYTES}`,
        channel,
      )
  }

  /** The name of a stream of this channel. */
  streamOf(kind: string): string {
    return `${this.#stream}_${kind}`
  }

  /** A subject of tokens that are escaped already; `*` and `>` are wildcards. */
  of(kind: SubjectKind, ...tokens: readonly string[]): string {
    return `${this.#base}${kind}.${tokens.join('.')}`
  }

  /** The tokens behind the kind. */
  tokensOf(subject: string): string[] {
    return subject.split('.').slice(this.#tokens)
  }
}
