/** LineDecoder: bytes become lines. */

// The reader of lines. No Node in here.

/** Receives what a {@link LineDecoder} finds, in order. */
export interface LineSink {
  /** A line without what ends it. */
  line(text: string): void
  /** The first of the messages of {@link LineDecoder.expect} that was not found before. */
  expected?(): void
  /** The stream cannot be read any further; nothing after this is looked at. */
  broken(code: 'EPROTO' | 'EMSGSIZE', reason: string): void
}

const LF = 0x0a
const CR = 0x0d
const NOTHING = new Uint8Array(0)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const [only] = parts
  if (parts.length === 1 && only) return only
  const all = new Uint8Array(parts.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Where the line that begins at `from` ends; -1 when its end is not there. */
const findEnd = (bytes: Uint8Array, from: number): number => {
  const lf = bytes.indexOf(LF, from)
  const cr = (lf < 0 ? bytes : bytes.subarray(0, lf)).indexOf(CR, from)
  return cr < 0 ? lf : cr
}

/** How many bytes of `expected` are at `at`; -1 when others are. */
const matching = (bytes: Uint8Array, at: number, expected: Uint8Array): number => {
  const size = Math.min(expected.length, bytes.length - at)
  for (let offset = 0; offset < size; offset++) if (bytes[at + offset] !== expected[offset]) return -1
  return size
}

/**
 * Cuts bytes into lines of UTF-8 text, however the bytes are split. A line ends with `\n`, `\r\n` or `\r`, and the last
 * one with the stream; an empty line is a line.
 */
export class LineDecoder {
  readonly #sink: LineSink
  readonly #maxLineBytes: number
  /** The beginning of a line whose end has not come. */
  #parts: Uint8Array[] = []
  #size = 0
  /** A line has ended with `\r`: an `\n` right after it belongs to that end. */
  #skipLf = false
  #expected: Uint8Array[] = []
  /** What may be the beginning of an expected message. */
  #maybe: Uint8Array = NOTHING
  #broken = false

  constructor(sink: LineSink, { maxLineBytes }: { readonly maxLineBytes: number }) {
    this.#sink = sink
    this.#maxLineBytes = maxLineBytes
  }

  /** At the beginning of a line, looks for these bytes verbatim, whether or not they end a line; once. */
  expect(message: Uint8Array): void {
    this.#expected.push(message)
  }

  /** Takes the next bytes. They may be changed once it has returned. */
  push(chunk: Uint8Array): void {
    if (this.#broken) return
    const bytes = this.#maybe.length === 0 ? chunk : concat([this.#maybe, chunk])
    this.#maybe = NOTHING
    let at = 0
    while (at < bytes.length && !this.#broken) at = this.#step(bytes, at)
  }

  /** The stream has ended: what is left is a line. */
  end(): void {
    const rest = this.#maybe
    this.#expected = []
    this.#maybe = NOTHING
    if (rest.length > 0) this.push(rest)
    if (this.#size > 0 && !this.#broken) this.#finish(NOTHING)
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#size === 0) {
      if (this.#skipLf) {
        this.#skipLf = false
        if (bytes[at] === LF) return at + 1
      }
      const expected = this.#expected[0]
      const size = expected ? matching(bytes, at, expected) : -1
      if (expected && size >= 0) return this.#found(bytes, at, expected, size)
    }
    const end = findEnd(bytes, at)
    if (end < 0) {
      this.#parts.push(bytes.slice(at))
      this.#size += bytes.length - at
      if (this.#size > this.#maxLineBytes) this.#tooLong()
      return bytes.length
    }
    this.#skipLf = bytes[end] === CR
    this.#finish(bytes.subarray(at, end))
    return end + 1
  }

  #found(bytes: Uint8Array, at: number, expected: Uint8Array, size: number): number {
    if (size < expected.length) {
      this.#maybe = bytes.slice(at)
      return bytes.length
    }
    this.#expected.shift()
    this.#sink.expected?.()
    return at + size
  }

  #finish(last: Uint8Array): void {
    if (this.#size + last.length > this.#maxLineBytes) return this.#tooLong()
    const line = this.#size === 0 ? last : concat([...this.#parts, last])
    this.#parts = []
    this.#size = 0
    let text: string
    try {
      text = utf8.decode(line)
    } catch {
      return this.#break('EPROTO', 'a line is not UTF-8')
    }
    this.#sink.line(text)
  }

  #tooLong(): void {
    this.#break('EMSGSIZE', `a line is longer than ${this.#maxLineBytes} bytes`)
  }

  #break(code: 'EPROTO' | 'EMSGSIZE', reason: string): void {
    this.#broken = true
    this.#parts = []
    this.#sink.broken(code, reason)
  }
}
