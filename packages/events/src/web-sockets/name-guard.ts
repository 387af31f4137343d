/** NameGuard: which names may pass between a browser and the server, frame by frame. */
import { Transform, type TransformCallback } from 'node:stream'
import { failure, toWire } from '../errors/errors.ts'
import { FrameDecoder } from '../wire/decoder.ts'
import { encodeFrame, FIRST_OPTIONAL_TYPE, Flag, FrameType, LENGTH_BYTES } from '../wire/frame.ts'
import { DEFER_OPTION, INPUT_OPTION, PREAMBLE_BYTES } from '../wire/handshake-messages.ts'

/** What a guard lets pass. */
export interface GuardRules {
  /** The names of events and requests, in both directions; `*`: all. */
  readonly names: readonly string[] | '*'
  /** Whether a HELLO with this token may go on. */
  readonly admits: (token: unknown) => boolean
  /** The longest frame that is read. */
  readonly maxFrame: number
}

/** The last type of version 1; types behind it carry what this guard cannot look into. */
const LAST_TYPE = FrameType.inputStop
/** The options of a client whose frames the guard understands. */
const UNDERSTOOD: ReadonlySet<unknown> = new Set([DEFER_OPTION, INPUT_OPTION])

const textOf = (buffer: Buffer, start: number, end: number): string =>
  buffer.toString(((buffer[start + 1] as number) & Flag.latin1) === 0 ? 'utf8' : 'latin1', start + 4, end)

const nameIdOf = (buffer: Buffer, start: number): number => buffer.readUInt16LE(start + 2)

/** A stream of frames, each of which is passed on, changed, or dropped. */
class FrameFilter extends Transform {
  readonly #decoder: FrameDecoder
  readonly #out: Buffer[] = []
  #first = PREAMBLE_BYTES

  /** @param filter - returns what goes on in place of a frame; undefined: nothing */
  constructor(filter: (frame: Buffer, type: number) => Buffer | undefined, limit: number) {
    super()
    this.#decoder = new FrameDecoder((buffer, start, end) => {
      const frame = Buffer.from(buffer.subarray(start - LENGTH_BYTES, end))
      const passed = filter(frame, frame[LENGTH_BYTES] as number)
      if (passed !== undefined) this.#out.push(passed)
    }, limit)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const first = Math.min(this.#first, chunk.length)
    this.#first -= first
    if (first > 0) this.push(Buffer.from(chunk.subarray(0, first)))
    try {
      this.#decoder.push(chunk, first)
    } catch (error) {
      done(error as Error)
      return
    }
    for (const frame of this.#out.splice(0)) this.push(frame)
    done()
  }
}

/** The two directions of one connection of a browser. */
export interface NameGuard {
  readonly toServer: Transform
  readonly toClient: Transform
}

/**
 * Makes the guard of one connection. A name that is not allowed ends the connection when the browser defines it
 * (`ERR_UNAUTHORIZED`); what the server says under such a name does not reach the browser, and is answered as by a client
 * that has no listener.
 */
export const nameGuard = ({ names, admits, maxFrame }: GuardRules): NameGuard => {
  const allowed = names === '*' ? undefined : new Set(names)
  const mayPass = (name: string): boolean => allowed === undefined || allowed.has(name)

  const toServer = new FrameFilter((frame, type) => {
    if (type === FrameType.hello) return readHello(frame, admits)
    if (type === FrameType.name) {
      const name = textOf(frame, LENGTH_BYTES, frame.length)
      if (!mayPass(name)) throw refusal(`the name '${name.slice(0, 255)}' is not for this client`)
    } else if (type > LAST_TYPE && type < FIRST_OPTIONAL_TYPE)
      throw failure('read', 'ERR_PROTOCOL', `a frame of the unknown type ${type}`)
    return type > FIRST_OPTIONAL_TYPE ? undefined : frame
  }, maxFrame)

  const hidden = new Set<number>()
  const toClient = new FrameFilter((frame, type) => {
    const nameId = nameIdOf(frame, LENGTH_BYTES)
    if (type === FrameType.name && !mayPass(textOf(frame, LENGTH_BYTES, frame.length))) hidden.add(nameId)
    if (!hidden.has(nameId)) return frame
    if (type === FrameType.send || type === FrameType.request) {
      const reason = JSON.stringify(
        toWire(failure('deliver', 'ERR_NO_HANDLER', 'the name is not for this client')),
      )
      // The low half: the high one of a REQUEST is a window. A number of a SEND has both.
      const id = type === FrameType.send ? Number(frame.readBigUInt64LE(8)) : frame.readUInt32LE(8)
      toServer.push(
        encodeFrame(type === FrameType.send ? FrameType.nack : FrameType.failure, 0, 0, id, reason),
      )
    }
    return undefined
  }, Infinity)
  return { toServer, toClient }
}

const refusal = (detail: string): Error => failure('accept', 'ERR_UNAUTHORIZED', detail)

/** Checks the token, and leaves out the options whose frames the guard cannot look into. */
const readHello = (frame: Buffer, admits: (token: unknown) => boolean): Buffer => {
  let hello: unknown
  try {
    hello = JSON.parse(textOf(frame, LENGTH_BYTES, frame.length))
  } catch {
    // The server says what is wrong with it.
    return frame
  }
  if (typeof hello !== 'object' || hello === null || Array.isArray(hello)) return frame
  const { token, knows } = hello as { token?: unknown; knows?: unknown }
  if (!admits(token)) throw refusal('the token is missing or wrong')
  const known = Array.isArray(knows) ? knows.filter((option) => UNDERSTOOD.has(option)) : undefined
  return encodeFrame(FrameType.hello, 0, 0, -1, JSON.stringify({ ...hello, knows: known }))
}

/** The last words to a browser: the reason, as PROTOCOL.md has it. */
export const lastWords = (error: Error): Buffer => {
  const { code, message } = toWire(error)
  return encodeFrame(FrameType.goodbye, 0, 0, -1, JSON.stringify({ code, message }))
}
