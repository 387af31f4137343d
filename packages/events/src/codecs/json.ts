/** The codec json. */
import { failure } from '../errors/errors.ts'
import type { TextCodec } from './codec.ts'
import { checkText } from './payload-limits.ts'

/**
 * JSON, the default: readable on the wire and fast. What `JSON.stringify` leaves out is lost (`Map`, `undefined` inside
 * objects) and what it refuses throws (`BigInt`, cycles). A key `__proto__` arrives as an own property, never as a
 * prototype: https://tc39.es/ecma262/#sec-json.parse
 */
export const json: TextCodec = {
  name: 'json',
  kind: 'text',
  encode(value) {
    const text: string | undefined = JSON.stringify(value)
    if (text !== undefined) return text
    throw failure('encode', 'ERR_BAD_PAYLOAD', `JSON has no form for a ${typeof value}`)
  },
  decode(text, limits) {
    checkText(text, limits)
    return JSON.parse(text)
  },
}
