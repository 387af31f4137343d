/** The codec msgpack. */
import { fileOf } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import type { BinaryCodec } from './codec.ts'
import { checkPacked } from './payload-limits.ts'

interface Packer {
  pack(value: unknown): Buffer
  unpack(bytes: Uint8Array): unknown
}

let packer: Packer | undefined

const load = (): Packer => {
  try {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { Packr } = createRequire(fileOf(import.meta.url))('msgpackr') as {
      Packr: new (options: Record<string, unknown>) => Packer
    }
    // Plain maps, no records. This is about what it writes: what it reads is checked before.
    return new Packr({ useRecords: false, moreTypes: false, structuredClone: false })
  } catch (cause) {
    throw failure(
      'encode',
      'ENOTSUP',
      'the codec msgpack needs the package \'msgpackr\': run "npm install msgpackr", for a bundle beside it',
      cause,
    )
  }
}

/**
 * MessagePack by `msgpackr`, an optional peer of this package (`npm install msgpackr`): smaller than JSON, with dates and bytes
 * inside objects. A key `__proto__` arrives renamed, never as a prototype.
 */
export const msgpack: BinaryCodec = {
  name: 'msgpack',
  kind: 'binary',
  encode(value) {
    packer ??= load()
    return packer.pack(value)
  },
  decode(bytes, limits) {
    packer ??= load()
    checkPacked(bytes, limits)
    return packer.unpack(bytes)
  },
}
