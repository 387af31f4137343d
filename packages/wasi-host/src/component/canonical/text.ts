/** Strings, in each of the three encodings. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { pair } from './lists.ts'
import type { ValueType } from './type.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Set in the length of a `latin1+utf16` string that is UTF-16. */
const UTF16_TAG = 0x8000_0000

const checkAligned = (pointer: number): void => {
  if (pointer % 2 !== 0) trap(`the string at ${pointer} is UTF-16, and its address is odd`)
}

const utf16 = ({ memory }: ComponentHost, pointer: number, units: number): string => {
  checkAligned(pointer)
  return Buffer.from(memory.copy(pointer, 2 * units)).toString('utf16le')
}

/** Code units of one string at most: what a call copies holds up the thread. */
const MOST_UNITS = 32 * 1024 * 1024

const load = (host: ComponentHost, pointer: number, length: number): string => {
  if (length % UTF16_TAG > MOST_UNITS) trap(`a string of ${length % UTF16_TAG} code units is too long`)
  const { memory, encoding } = host
  if (encoding === 'utf8') {
    try {
      return utf8.decode(memory.copy(pointer, length))
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return trap(`the string at ${pointer} is not UTF-8`)
    }
  }
  if (encoding === 'utf16') return utf16(host, pointer, length)
  checkAligned(pointer)
  return length >= UTF16_TAG
    ? utf16(host, pointer, length - UTF16_TAG)
    : Buffer.from(memory.copy(pointer, length)).toString('latin1')
}

const isLatin1 = (text: string): boolean => {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 255) return false
  return true
}

const encode = (
  { encoding }: ComponentHost,
  text: string,
): [bytes: Uint8Array, align: number, length: number] => {
  if (encoding === 'utf8') {
    const bytes = encoder.encode(text)
    return [bytes, 1, bytes.length]
  }
  if (encoding === 'latin1+utf16' && isLatin1(text)) return [Buffer.from(text, 'latin1'), 2, text.length]
  const tag = encoding === 'utf16' ? 0 : UTF16_TAG
  return [Buffer.from(text, 'utf16le'), 2, text.length + tag]
}

/** A string whose bytes are no text of its encoding traps. */
export const string: ValueType<string> = pair(load, (host, text) => {
  const [bytes, align, length] = encode(host, text)
  // Also of no bytes: some languages have a header before each string.
  const pointer = host.allocate(align, bytes.length)
  host.memory.write(pointer, bytes)
  return [pointer, length]
})
