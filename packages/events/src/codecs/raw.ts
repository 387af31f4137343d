/** The codec raw: bytes as they are. */
import { failure } from '../errors/errors.ts'
import type { BinaryCodec } from './codec.ts'

/**
 * Bytes as they are: the fastest. Takes `Uint8Array`s, and strings as their UTF-8 bytes; returns `Buffer`s. Everything
 * else is an error at the sender.
 */
export const raw: BinaryCodec = {
  name: 'raw',
  kind: 'binary',
  encode(value) {
    if (typeof value === 'string') return Buffer.from(value)
    if (value instanceof Uint8Array) return value
    throw failure('encode', 'ERR_BAD_PAYLOAD', `the codec raw takes bytes or a string, got ${typeof value}`)
  },
  decode: (bytes) => Buffer.from(bytes),
}
