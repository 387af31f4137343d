/** The names of the codecs, and the codec of an option. */
import { invalidValue } from '@uds/winsock-ffi'
import type { Codec } from './codec.ts'
import { json } from './json.ts'
import { msgpack } from './msgpack.ts'
import { raw } from './raw.ts'
import { structuredClone } from './structured-clone.ts'

/** The names of the codecs that come with this package. */
export type CodecName = 'json' | 'msgpack' | 'structuredClone' | 'raw'

/** Every codec that comes with this package. */
export const builtInCodecs: readonly Codec[] = [json, msgpack, structuredClone, raw]

const isCodec = (value: unknown): value is Codec => {
  if (typeof value !== 'object' || value === null) return false
  const { name, kind, encode, decode } = value as Partial<Codec>
  return (
    typeof name === 'string' &&
    name.length > 0 &&
    name.length <= 64 &&
    (kind === 'text' || kind === 'binary') &&
    typeof encode === 'function' &&
    typeof decode === 'function'
  )
}

/** The codec that an option means: one of ours by its name, or the caller's own. */
export const readCodec = (where: string, option: CodecName | Codec): Codec => {
  const known = typeof option === 'string' ? builtInCodecs.find(({ name }) => name === option) : option
  if (isCodec(known)) return known
  const names = builtInCodecs.map(({ name }) => name).join(', ')
  throw invalidValue(where, 'codec', `must be ${names}, or an object { name, kind, encode, decode }`, option)
}
