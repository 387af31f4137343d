/** Preamble, hello and welcome: written, read, checked. */
import { failure } from '../errors/errors.ts'

/** The version of the protocol that this package speaks; PROTOCOL.md. */
export const VERSION = 1
/** The oldest version that it still speaks. */
export const OLDEST_VERSION = 1

/** The first bytes of each end: a byte that no text begins with, UDSE, the highest and the lowest version, LF. */
export const PREAMBLE_BYTES = 8

const MAGIC = Buffer.from([0x89, 0x55, 0x44, 0x53, 0x45])

export const preamble = (): Buffer => Buffer.from([...MAGIC, VERSION, OLDEST_VERSION, 0x0a])

/**
 * Reads the other end's first bytes; returns the version that both speak.
 *
 * @throws SocketError `ERR_UNSUPPORTED_VERSION`
 */
export const checkPreamble = (bytes: Buffer): number => {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bytes[7] !== 0x0a) {
    throw failure(
      'handshake',
      'ERR_UNSUPPORTED_VERSION',
      'the other end does not speak the protocol of @uds/events',
    )
  }
  const [highest, lowest] = [bytes[5] as number, bytes[6] as number]
  const common = Math.min(highest, VERSION)
  if (common >= lowest && common >= OLDEST_VERSION) return common
  throw failure(
    'handshake',
    'ERR_UNSUPPORTED_VERSION',
    `the other end speaks versions ${lowest} to ${highest}, this end ${OLDEST_VERSION} to ${VERSION}`,
  )
}

/** True while the bytes could still become the first bytes of a peer. */
export const couldBePreamble = (bytes: Buffer): boolean =>
  bytes.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, Math.min(bytes.length, MAGIC.length)))

/** What a client says first. */
export interface Hello {
  readonly codec: string
  /** The id of the session, made by the client; it resumes by the same id. */
  readonly session: string
  /** The first message for which this end still waits for the acknowledgement, or would be the next. */
  readonly base: number
  /** No message from this number on was written before. */
  readonly next: number
  /** The largest frame that this end reads. */
  readonly maxFrame: number
  /** Milliseconds after which this end wants a sign of life; 0: never. */
  readonly keepAliveMs: number
  readonly name?: string | undefined
  readonly token?: string | undefined
  /** The highest number that this end got of a server that may have forgotten it: that numbers on from there. */
  readonly received?: number | undefined
  /** Options that this end knows. */
  readonly knows?: readonly string[] | undefined
  /** Options that the other end has to know, or refuse. */
  readonly require?: readonly string[] | undefined
}

/** What a server answers. */
export interface Welcome {
  /** The other end's session was known, so nothing that it sent was forgotten. */
  readonly resumed: boolean
  readonly base: number
  readonly next: number
  readonly maxFrame: number
  readonly keepAliveMs: number
  /** The name of the server, if it has one. */
  readonly name?: string | undefined
  /** Options that this end knows. */
  readonly knows?: readonly string[] | undefined
  readonly require?: readonly string[] | undefined
}

/** An option of the protocol: `defer` is the frame DEFER, `streamInput` requests whose input is a stream. */
export type ProtocolOption = 'defer' | 'streamInput'
/** The frame DEFER. */
export const DEFER_OPTION: ProtocolOption = 'defer'
/** Requests whose input is a stream. */
export const INPUT_OPTION: ProtocolOption = 'streamInput'
/** The options that `require` may name, and that `knows` announces. */
export const KNOWN_OPTIONS: readonly string[] = [DEFER_OPTION, INPUT_OPTION]
const knownOptions: ReadonlySet<string> = new Set(KNOWN_OPTIONS)

/** The longest text of a name or token in the handshake. */
const MAX_TEXT = 4096

const bad = (what: string): Error =>
  failure('handshake', 'ERR_PROTOCOL', `${what} is missing or of the wrong kind`)

const text = (from: Record<string, unknown>, key: string): string => {
  const value = from[key]
  if (typeof value === 'string' && value.length > 0 && value.length <= 200) return value
  throw bad(key)
}

const optionalText = (from: Record<string, unknown>, key: string): string | undefined => {
  const value = from[key]
  if (value === undefined || (typeof value === 'string' && value.length <= MAX_TEXT)) return value
  throw bad(key)
}

const whole = (from: Record<string, unknown>, key: string, least: number): number => {
  const value = from[key]
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw bad(key)
}

const parseObject = (bytes: Buffer): Record<string, unknown> => {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw failure('handshake', 'ERR_PROTOCOL', 'the handshake is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('the handshake')
  return value as Record<string, unknown>
}

/** The words of a list that this end knows; everything else in it is ignored. */
const words = (value: unknown): readonly string[] =>
  Array.isArray(value) ? KNOWN_OPTIONS.filter((option) => value.includes(option)) : []

/** What both ends say; unknown keys are ignored, unless `require` names them. */
const shared = (
  from: Record<string, unknown>,
): Pick<Hello, 'base' | 'next' | 'maxFrame' | 'keepAliveMs' | 'name' | 'knows'> => {
  const required = from['require'] ?? []
  if (!Array.isArray(required)) throw bad('require')
  const unknown: unknown = required.find((option) => !knownOptions.has(option as string))
  if (unknown !== undefined) {
    throw failure('handshake', 'ERR_UNSUPPORTED_OPTION', `the option ${JSON.stringify(unknown)} is not known`)
  }
  return {
    base: whole(from, 'base', 1),
    next: whole(from, 'next', 1),
    maxFrame: whole(from, 'maxFrame', 1024),
    keepAliveMs: whole(from, 'keepAliveMs', 0),
    name: optionalText(from, 'name'),
    knows: words(from['knows']),
  }
}

/** Reads a HELLO; everything in it was written by a stranger. */
export const readHello = (bytes: Buffer): Hello => {
  const from = parseObject(bytes)
  return {
    ...shared(from),
    codec: text(from, 'codec'),
    session: text(from, 'session'),
    token: optionalText(from, 'token'),
    received: from['received'] === undefined ? undefined : whole(from, 'received', 0),
  }
}

/** Reads a WELCOME. */
export const readWelcome = (bytes: Buffer): Welcome => {
  const from = parseObject(bytes)
  if (typeof from['resumed'] !== 'boolean') throw bad('resumed')
  return { ...shared(from), resumed: from['resumed'] }
}
