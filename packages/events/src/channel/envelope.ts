/** An envelope: data of any codec with a few values about it, as the bytes of one payload. PROTOCOL.md, "Envelopes". */
import type { Codec, CodecLimits } from '../codecs/codec.ts'
import { failure } from '../errors/errors.ts'
import { encodePayload, readPayload } from './payload.ts'

/** Bytes of the length of what stands about the data. */
const LENGTH_BYTES = 4

/** Data, and what stands about it. */
export interface Envelope {
  readonly about: readonly unknown[]
  readonly data: unknown
}

/** Writes an envelope: the length of a JSON list, the list, the data. Its first item says whether the data is bytes. */
export const sealEnvelope = (codec: Codec, about: readonly unknown[], data: unknown): Buffer => {
  const payload = encodePayload(codec, data)
  const list = Buffer.from(JSON.stringify([data instanceof Uint8Array, ...about]))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(list.length)
  const body = typeof payload === 'string' ? Buffer.from(payload) : (payload ?? new Uint8Array(0))
  return Buffer.concat([length, list, body])
}

const bad = (cause?: unknown): Error =>
  failure('decode', 'ERR_BAD_PAYLOAD', 'an envelope that cannot be read', cause)

const listIn = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    throw bad(error)
  }
}

/** @throws SocketError `ERR_BAD_PAYLOAD`, `ERR_TOO_DEEP`, `ERR_TOO_MANY_VALUES` */
export const openEnvelope = (codec: Codec, limits: CodecLimits, payload: unknown): Envelope => {
  if (!(payload instanceof Uint8Array) || payload.length < LENGTH_BYTES) throw bad()
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const end = LENGTH_BYTES + bytes.readUInt32LE(0)
  if (end > bytes.length) throw bad()
  const list = listIn(bytes.subarray(LENGTH_BYTES, end))
  if (!Array.isArray(list)) throw bad()
  const [isBytes, ...about] = list as unknown[]
  const body = bytes.subarray(end)
  return { about, data: isBytes === true ? body : readPayload(codec, limits, body) }
}
