/** The codec structuredClone. */
import type * as V8 from 'node:v8'
import type { BinaryCodec } from './codec.ts'

const v8 = (): typeof V8 => process.getBuiltinModule('node:v8')

/**
 * What `structuredClone` can copy (`Map`, `Set`, `Date`, `BigInt`, cycles, typed arrays), by `node:v8`. V8's reader is
 * not made for hostile bytes, so a server offers it only to peers that the system says are the same user. Both ends
 * should run the same major version of Node.js: https://nodejs.org/api/v8.html#serialization-api
 */
export const structuredClone: BinaryCodec = {
  name: 'structuredClone',
  kind: 'binary',
  sameUserOnly: true,
  encode: (value) => v8().serialize(value),
  // Views that the reader makes would share the bytes of the read buffer, which is used again: it gets its own copy.
  decode: (bytes) => v8().deserialize(Buffer.from(bytes)),
}
