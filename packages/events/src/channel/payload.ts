import { isUtf8 } from 'node:buffer'
import type { Codec, CodecLimits } from '../codecs/codec.ts'
import { asError, failure } from '../errors.ts'
import { boundOf, type Encoded, Flag, HEADER_ID_BYTES, isWide } from '../wire/frame.ts'
import type { Link } from '../wire/link.ts'

/** The payload of a value: bytes are their own. */
export const encodePayload = (codec: Codec, data: unknown): Encoded => {
  if (data === undefined || data instanceof Uint8Array) return data
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

/**
 * The value of a payload.
 *
 * @throws SocketError `ERR_BAD_PAYLOAD`, `ERR_TOO_DEEP`
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
  try {
    if (codec.kind === 'binary') return codec.decode(buffer.subarray(at, end), limits)
    if ((flags & Flag.latin1) !== 0) return codec.decode(link.text(buffer, at, end), limits)
    if (!isUtf8(buffer.subarray(at, end))) throw failure('decode', 'ERR_BAD_PAYLOAD', 'not UTF-8')
    return codec.decode(buffer.toString('utf8', at, end), limits)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_TOO_DEEP') throw error
    throw failure(
      'decode',
      'ERR_BAD_PAYLOAD',
      `${codec.name} cannot read it: ${asError(error).message}`,
      error,
    )
  }
}

const encodingOf = (flags: number): 'utf8' | 'latin1' => ((flags & Flag.latin1) === 0 ? 'utf8' : 'latin1')

/** The JSON of a frame that is not the codec's: an error, a reason. */
export const decodeJson = (buffer: Buffer, at: number, end: number, flags: number): unknown => {
  try {
    return JSON.parse(buffer.toString(encodingOf(flags), at, end))
  } catch (cause) {
    throw failure('read', 'ERR_PROTOCOL', 'a frame whose JSON cannot be read', cause)
  }
}

/** The name in a NAME frame. */
export const decodeName = (buffer: Buffer, at: number, end: number, flags: number): string => {
  const encoding = encodingOf(flags)
  if (encoding === 'utf8' && !isUtf8(buffer.subarray(at, end))) {
    throw failure('read', 'ERR_INVALID_NAME', 'a name that is not UTF-8')
  }
  return buffer.toString(encoding, at, end)
}
