/** The frames of the native protocol; PROTOCOL.md is the text that this file follows. */
import { Flag } from './frame-types.ts'
import { writeLatin1 } from './latin1.ts'

/** Bytes of the length field, which counts what follows it. */
export const LENGTH_BYTES = 4
/** Bytes of length, type, flags and name id. */
export const HEADER_BYTES = 8
/** Bytes of the header with a 64-bit id behind it. */
export const HEADER_ID_BYTES = 16
/** The least that a length field may say: type, flags and name id. */
export const MIN_LENGTH = 4

export { FIRST_OPTIONAL_TYPE, Flag, FrameType } from './frame-types.ts'

/** Every flag that this version knows. */
export const KNOWN_FLAGS: number = Flag.latin1 | Flag.bytes | Flag.redelivered | Flag.stream

/** A payload ready for the wire: text, bytes, or nothing at all (`undefined` travels as an empty payload). */
export type Encoded = string | Uint8Array | undefined

/** True for text that has a character over U+00FF. V8 answers at once for the one-byte strings that most text is. */
// oxlint-disable-next-line no-control-regex -- the range from NUL is the point
const WIDE = /[^\u0000-\u00ff]/

/** True when the text has to be written as UTF-8. */
export const isWide = (text: string): boolean => WIDE.test(text)

/** The most bytes that a payload can take on the wire; cheap for short text, exact for long text. */
export const boundOf = (payload: Encoded, wide: boolean): number => {
  if (payload === undefined) return 0
  if (typeof payload !== 'string' || !wide) return payload.length
  return payload.length < 1024 ? payload.length * 3 : Buffer.byteLength(payload)
}

const writeHeader = (
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  name: number,
): void => {
  target[at] = length
  target[at + 1] = length >>> 8
  target[at + 2] = length >>> 16
  target[at + 3] = length >>> 24
  target[at + 4] = type
  target[at + 5] = flags
  target[at + 6] = name
  target[at + 7] = name >>> 8
}

const TWO_32 = 0x1_0000_0000

/** Writes a 64-bit number; 2^53 - 1 is the largest that this end ever makes. */
export const writeU64 = (target: Buffer, at: number, value: number): void => {
  target.writeUInt32LE(value % TWO_32, at)
  target.writeUInt32LE(Math.floor(value / TWO_32), at + 4)
}

/** Reads a 64-bit number; what does not fit into 53 bits comes out as a number that is not safe. */
export const readU64 = (source: Buffer, at: number): number =>
  source.readUInt32LE(at) + source.readUInt32LE(at + 4) * TWO_32

/** A 32-bit number as a payload. */
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Reads a 32-bit number without the range check that `Buffer` makes: for places where the range is known. */
export const readLength = (source: Buffer, at: number): number =>
  ((source[at] as number) |
    ((source[at + 1] as number) << 8) |
    ((source[at + 2] as number) << 16) |
    ((source[at + 3] as number) << 24)) >>>
  0

/**
 * Writes one frame at a place that has room for it ({@link boundOf} the payload, and the header).
 *
 * @param id - the 64-bit id behind the header, or -1 for frames without one
 * @param wide - {@link isWide} of a payload that is text
 * @returns where the next frame begins
 */
export const writeFrame = (
  target: Buffer,
  at: number,
  type: number,
  flags: number,
  name: number,
  id: number,
  payload: Encoded,
  wide: boolean,
): number => {
  let next = at + HEADER_BYTES
  if (id >= 0) {
    writeU64(target, next, id)
    next += 8
  }
  if (typeof payload === 'string') {
    if (wide) next += target.write(payload, next, 'utf8')
    else {
      flags |= Flag.latin1
      next += writeLatin1(target, payload, next)
    }
  } else if (payload !== undefined) {
    target.set(payload, next)
    next += payload.length
  }
  writeHeader(target, at, next - at - LENGTH_BYTES, type, flags, name)
  return next
}

/** Writes only the header of a frame whose payload is written by itself, without a copy. */
export const writeFrameHead = (
  target: Buffer,
  at: number,
  type: number,
  flags: number,
  name: number,
  id: number,
  payloadSize: number,
): number => {
  let next = at + HEADER_BYTES
  if (id >= 0) {
    writeU64(target, next, id)
    next += 8
  }
  writeHeader(target, at, next - at - LENGTH_BYTES + payloadSize, type, flags, name)
  return next
}

/** One frame in a buffer of its own. */
export const encodeFrame = (
  type: number,
  flags: number,
  name: number,
  id: number,
  payload: Encoded,
): Buffer => {
  const wide = typeof payload === 'string' && isWide(payload)
  const buffer = Buffer.allocUnsafe((id >= 0 ? HEADER_ID_BYTES : HEADER_BYTES) + boundOf(payload, wide))
  return buffer.subarray(0, writeFrame(buffer, 0, type, flags, name, id, payload, wide))
}
