/** Payloads and names: encoded, checked for size, decoded. */
import { isUtf8 } from 'node:buffer'
import { isThenable } from '../handlers/listeners.ts'
import type { Codec, CodecLimits } from '../codecs/codec.ts'
import { asError, failure } from '../errors/errors.ts'
import { boundOf, type Encoded, Flag, HEADER_ID_BYTES, isWide } from '../wire/frame.ts'
import type { Link } from '../wire/link.ts'

/** Refuses values that every codec would write as something else, an empty object mostly. */
const checkWritable = (data: object): void => {
  if (Symbol.asyncIterator in data) {
    throw failure(
      'encode',
      'ERR_BAD_PAYLOAD',
      'a stream cannot be one payload: send its parts, or make it the input, or the answer, of a request',
    )
  }
  if (isThenable(data))
    throw failure('encode', 'ERR_BAD_PAYLOAD', 'a promise cannot be a payload: await it first')
}

/** The payload of a value: bytes are their own. */
export const encodePayload = (codec: Codec, data: unknown): Encoded => {
  if (data === undefined || data instanceof Uint8Array) return data
  if (typeof data === 'object' && data !== null) checkWritable(data)
  try {
    return codec.encode(data)
  } catch (error) {
    // A BigInt, a cycle, a function: what the codec's library says of it has no code. What has one is as it should be.
    if ((error as { code?: unknown } | null)?.code !== undefined && !(error instanceof DOMException))
      throw error
    throw failure(
      'encode',
      'ERR_BAD_PAYLOAD',
      `${codec.name} cannot write it: ${asError(error).message}`,
      error,
    )
  }
}

/** The flag of a payload that bypasses the codec. */
export const bytesFlag = (data: unknown): number => (data instanceof Uint8Array ? Flag.bytes : 0)

/** Refuses a payload whose frame is larger than the other end reads. */
export const checkSize = (action: string, payload: Encoded, most: number): void => {
  if (payload === undefined) return
  if (payload.length * 3 + HEADER_ID_BYTES <= most) return
  const size = boundOf(payload, typeof payload === 'string' && isWide(payload)) + HEADER_ID_BYTES - 4
  if (size <= most) return
  throw failure(
    action,
    'ERR_FRAME_TOO_LARGE',
    `a frame of ${size} bytes; the other end reads at most ${most}`,
  )
}

/** What a codec refuses with a code of its own. */
const LIMITS: ReadonlySet<unknown> = new Set(['ERR_TOO_DEEP', 'ERR_TOO_MANY_VALUES'])

/**
 * The value of a payload.
 *
 * @throws SocketError `ERR_BAD_PAYLOAD`, `ERR_TOO_DEEP`, `ERR_TOO_MANY_VALUES`
 */
// One parameter for each part of the frame: an object would be made for every message.
// oxlint-disable-next-line max-params
export const decodePayload = (
  codec: Codec,
  limits: CodecLimits,
  link: Link,
  flags: number,
  buffer: Buffer,
  at: number,
  end: number,
): unknown => {
  if ((flags & Flag.bytes) !== 0) {
    link.decoder.retained = true
    return buffer.subarray(at, end)
  }
  if (at === end) return undefined
  if (codec.kind === 'binary' || (flags & Flag.latin1) === 0)
    return readPayload(codec, limits, buffer.subarray(at, end))
  try {
    return codec.decode(link.text(buffer, at, end), limits)
  } catch (error) {
    throw unreadable(codec, error)
  }
}

/**
 * The value of a payload whose text is UTF-8.
 *
 * @throws SocketError `ERR_BAD_PAYLOAD`, `ERR_TOO_DEEP`, `ERR_TOO_MANY_VALUES`
 */
export const readPayload = (codec: Codec, limits: CodecLimits, bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  try {
    if (codec.kind === 'binary') return codec.decode(bytes, limits)
    if (!isUtf8(bytes)) throw failure('decode', 'ERR_BAD_PAYLOAD', 'not UTF-8')
    return codec.decode(bytes.toString(), limits)
  } catch (error) {
    throw unreadable(codec, error)
  }
}

const unreadable = (codec: Codec, error: unknown): unknown => {
  if (LIMITS.has((error as { code?: unknown }).code)) return error
  const detail = `${codec.name} cannot read it: ${asError(error).message}`
  return failure('decode', 'ERR_BAD_PAYLOAD', detail, error)
}

const encodingOf = (flags: number): 'utf8' | 'latin1' => ((flags & Flag.latin1) === 0 ? 'utf8' : 'latin1')

/** The most bytes of an error or reason: its texts are cut to less. */
const MAX_JSON_BYTES = 64 * 1024
/** More than every name has, in whatever encoding. */
const MAX_NAME_FRAME_BYTES = 1024

/** The JSON of a frame that is not the codec's: an error, a reason. */
export const decodeJson = (buffer: Buffer, at: number, end: number, flags: number): unknown => {
  if (end - at > MAX_JSON_BYTES) {
    throw failure('read', 'ERR_PROTOCOL', `an error of ${end - at} bytes; the limit is ${MAX_JSON_BYTES}`)
  }
  try {
    return JSON.parse(buffer.toString(encodingOf(flags), at, end))
  } catch (cause) {
    throw failure('read', 'ERR_PROTOCOL', 'a frame whose JSON cannot be read', cause)
  }
}

/** The name in a NAME frame. */
export const decodeName = (buffer: Buffer, at: number, end: number, flags: number): string => {
  const encoding = encodingOf(flags)
  if (end - at > MAX_NAME_FRAME_BYTES)
    throw failure('read', 'ERR_INVALID_NAME', `a name of ${end - at} bytes`)
  if (encoding === 'utf8' && !isUtf8(buffer.subarray(at, end))) {
    throw failure('read', 'ERR_INVALID_NAME', 'a name that is not UTF-8')
  }
  return buffer.toString(encoding, at, end)
}
