/** FrameWriter, FrameReader: the frames of the native protocol over Uint8Array; PROTOCOL.md is what they follow. */
import { Flag, FrameType } from '../wire/frame-types.ts'
import { EventsError } from './errors.ts'

/** The first bytes of an end of version 1: PROTOCOL.md B1. */
export const PREAMBLE: Uint8Array = Uint8Array.of(0x89, 0x55, 0x44, 0x53, 0x45, 1, 1, 0x0a)

/** A payload: text of the codec, bytes as they are, or nothing. */
export type Payload = string | Uint8Array | undefined

const TWO_32 = 0x1_0000_0000
const encoder = new TextEncoder()
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Arguments of one call are few enough for every engine. */
const MOST_ARGUMENTS = 4096

const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += MOST_ARGUMENTS)
    text += String.fromCharCode(...bytes.subarray(at, at + MOST_ARGUMENTS))
  return text
}

/** The text of a body. @throws EventsError `code` for bytes that are not UTF-8 and do not say that they are latin1 */
export const textOf = (bytes: Uint8Array, flags: number, code: string): string => {
  if ((flags & Flag.latin1) !== 0) return latin1(bytes)
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new EventsError(code, 'not UTF-8', cause)
  }
}

/** Gathers frames until they are taken, all at once. */
export class FrameWriter {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  /** Bytes that wait. */
  get size(): number {
    return this.#at
  }

  #room(need: number): void {
    if (this.#at + need <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + need))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /**
   * Writes one frame; `id` -1: the type has none. A payload that is a number is a u32.
   *
   * @returns the bytes of the frame
   */
  frame(type: number, flags: number, name: number, id: number, payload?: Payload | number): number {
    const most =
      typeof payload === 'string' ? payload.length * 3 : payload instanceof Uint8Array ? payload.length : 4
    this.#room(16 + most)
    const start = this.#at
    let at = start + 8
    if (id >= 0) {
      this.#view.setUint32(at, id % TWO_32, true)
      this.#view.setUint32(at + 4, Math.floor(id / TWO_32), true)
      at += 8
    }
    if (typeof payload === 'string') at += encoder.encodeInto(payload, this.#bytes.subarray(at)).written
    else if (typeof payload === 'number') {
      this.#view.setUint32(at, payload, true)
      at += 4
    } else if (payload !== undefined) {
      this.#bytes.set(payload, at)
      at += payload.length
    }
    this.#view.setUint32(start, at - start - 4, true)
    this.#bytes[start + 4] = type
    this.#bytes[start + 5] = flags
    this.#view.setUint16(start + 6, name, true)
    this.#at = at
    return at - start
  }

  /** Takes what was gathered. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#at)
    this.#at = 0
    return bytes
  }
}

/** One frame that was read. Its body is a view, valid during the call. */
export interface ReadFrame {
  readonly type: number
  readonly flags: number
  readonly nameId: number
  /** The low and the high half of the id; `id` is both. */
  readonly id: number
  readonly low: number
  readonly high: number
  readonly body: Uint8Array
}

/** A type that has no id: PROTOCOL.md F2. */
const hasNoId = (type: number): boolean => type <= FrameType.emit || type >= 128

/** Cuts bytes into frames, however they are split; skips and checks the first eight bytes. */
export class FrameReader {
  readonly #sink: (frame: ReadFrame) => void
  /** The longest frame, by its length field. */
  limit: number
  /** What is not a whole frame yet, in the pieces in which it came, and how much of it has to be there. */
  #pieces: Uint8Array[] = []
  #have = 0
  #need = PREAMBLE.length
  #begun = false

  constructor(sink: (frame: ReadFrame) => void, limit: number) {
    this.#sink = sink
    this.limit = limit
  }

  /** @throws EventsError why the connection has to end */
  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk)
    this.#have += chunk.length
    if (!this.#begun) checkPreamble(this.#joined())
    if (this.#have < this.#need) return
    const bytes = this.#joined()
    const at = this.#frames(bytes, this.#begun ? 0 : PREAMBLE.length)
    this.#pieces = at < bytes.length ? [bytes.slice(at)] : []
    this.#have = bytes.length - at
  }

  #joined(): Uint8Array {
    const [first] = this.#pieces
    if (this.#pieces.length === 1 && first !== undefined) return first
    const bytes = new Uint8Array(this.#have)
    let at = 0
    for (const piece of this.#pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.#pieces = [bytes]
    return bytes
  }

  /** Passes the whole frames on; returns where the rest begins. */
  #frames(bytes: Uint8Array, start: number): number {
    this.#begun = true
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = start
    this.#need = 4
    while (bytes.length - at >= 4) {
      const length = view.getUint32(at, true)
      if (length > this.limit)
        throw new EventsError('ERR_FRAME_TOO_LARGE', `a frame of ${length} bytes; the limit is ${this.limit}`)
      if (length < 4) throw new EventsError('ERR_PROTOCOL', `a frame of ${length} bytes is too short`)
      if (bytes.length - at - 4 < length) {
        this.#need = length + 4
        break
      }
      this.#frame(bytes, view, at + 4, at + 4 + length)
      at += 4 + length
    }
    return at
  }

  #frame(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const type = bytes[start] as number
    let body = start + 4
    let low = 0
    let high = 0
    if (!hasNoId(type)) {
      if (end - body < 8) throw new EventsError('ERR_PROTOCOL', `a frame of type ${type} without an id`)
      low = view.getUint32(body, true)
      high = view.getUint32(body + 4, true)
      if (high >= 0x20_0000) throw new EventsError('ERR_PROTOCOL', 'an id above 2^53')
      body += 8
    }
    this.#sink({
      type,
      flags: bytes[start + 1] as number,
      nameId: view.getUint16(start + 2, true),
      id: low + high * TWO_32,
      low,
      high,
      body: bytes.subarray(body, end),
    })
  }
}

/** Checks what has come of the first eight bytes: PROTOCOL.md B2. */
const checkPreamble = (bytes: Uint8Array): void => {
  const is = (at: number): boolean => bytes.length <= at || bytes[at] === PREAMBLE[at]
  const [highest = 1, lowest = 1] = [bytes[5], bytes[6]]
  if ([0, 1, 2, 3, 4, 7].every(is) && highest >= 1 && lowest <= 1) return
  throw new EventsError(
    'ERR_UNSUPPORTED_VERSION',
    'the other end does not speak version 1 of the protocol of @uds/events',
  )
}

/** The u32 of a body. */
export const countIn = ({ type, body }: ReadFrame): number => {
  if (body.length < 4) throw new EventsError('ERR_PROTOCOL', `a frame of type ${type} without a count`)
  return new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true)
}
