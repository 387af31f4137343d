/** Utf8Stream: bytes become text, over the borders of chunks. */

// UTF-8 that arrives in pieces. No Node in here: the decoder that uses it runs anywhere.
// The form of UTF-8: https://www.rfc-editor.org/rfc/rfc3629#section-3

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** How many bytes a character takes that begins with `byte`; 0 when none begins so. */
const lengthOf = (byte: number): number => {
  if (byte < 0x80) return 1
  if (byte < 0xc2) return 0
  if (byte < 0xe0) return 2
  if (byte < 0xf0) return 3
  return byte < 0xf5 ? 4 : 0
}

/** How many bytes at the end begin a character that is not complete yet: 0 to 3. */
const unfinished = (bytes: Uint8Array): number => {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0
  }
  return 0
}

/** How many bytes there are before the first that is not UTF-8. Only asked when there is one. */
const validLength = (bytes: Uint8Array): number => {
  let at = 0
  while (at < bytes.length) {
    const size = lengthOf(bytes[at] ?? 0)
    if (size === 0) break
    try {
      if (size > 1) utf8.decode(bytes.subarray(at, at + size))
    } catch {
      break
    }
    at += size
  }
  return at
}

const concat = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** Bytes become text; a character that is split between two chunks stays whole. */
export class Utf8Stream {
  #tail: Uint8Array | undefined

  /** The text that is complete with `chunk`; `rest` begins with the first byte that is not UTF-8, if there is one. */
  push(chunk: Uint8Array): { readonly text: string; readonly rest: Uint8Array | undefined } {
    const bytes = this.#tail === undefined ? chunk : concat(this.#tail, chunk)
    const rest = unfinished(bytes)
    const whole = rest === 0 ? bytes : bytes.subarray(0, bytes.length - rest)
    // A copy: the caller may use its buffer again.
    this.#tail = rest === 0 ? undefined : bytes.slice(bytes.length - rest)
    try {
      return { text: utf8.decode(whole), rest: undefined }
    } catch {
      const length = validLength(whole)
      this.#tail = undefined
      return { text: utf8.decode(bytes.subarray(0, length)), rest: bytes.subarray(length) }
    }
  }

  /** True when the bytes so far end in the middle of a character. */
  get unfinished(): boolean {
    return this.#tail !== undefined
  }
}

/** How many bytes `text` has in UTF-8. */
export const utf8Length = (text: string): number => new TextEncoder().encode(text).length
