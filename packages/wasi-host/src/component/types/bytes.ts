/** Strings, and lists of bytes. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { u32, type ValueType } from './type.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Bytes of one string or list at most: what a call copies holds up the thread. */
const MOST_BYTES = 64 * 1024 * 1024

const pair = <T>(
  read: (host: ComponentHost, pointer: number, length: number) => T,
  bytesOf: (value: T) => Uint8Array,
): ValueType<T> => ({
  flat: 'ii',
  size: 8,
  align: 4,
  lift: (from) => {
    const pointer = u32.lift(from)
    return read(from.host, pointer, u32.lift(from))
  },
  load: (host, at) => read(host, u32.load(host, at), u32.load(host, at + 4)),
  store: (host, at, value) => host.setBytes(at, bytesOf(value)),
})

const copy = ({ guest }: ComponentHost, pointer: number, length: number): Uint8Array =>
  length > MOST_BYTES
    ? trap(`${length} bytes in one value: ${MOST_BYTES} at most`)
    : guest.memory.copy(pointer, length)

/** `list<u8>`: a copy of the bytes. */
export const bytes: ValueType<Uint8Array> = pair(copy, (value) => value)

/** A string whose bytes are no UTF-8 traps. */
export const string: ValueType<string> = pair(
  (host, pointer, length) => {
    const encoded = copy(host, pointer, length)
    try {
      return decoder.decode(encoded)
    } catch {
      return trap('a string of the component is no UTF-8')
    }
  },
  (value) => encoder.encode(value),
)
