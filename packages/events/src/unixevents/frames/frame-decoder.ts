/** The reader of unixevents frames. No Node in here. */
import { isTooDeep, MAX_DEPTH } from './json-depth.ts'
import { Utf8Stream, utf8Length } from './utf8-stream.ts'

/** Receives what a {@link FrameDecoder} finds, in order. */
export interface FrameSink {
  /** A frame. `payload` is undefined when the sender left it out, as 1.5.2 does for undefined. */
  frame(event: string, payload: unknown): void
  /** A frame that could not be read; those after it can. */
  skipped(reason: string): void
  /** The stream cannot be read any further; nothing after this is looked at. */
  broken(code: 'EPROTO' | 'EMSGSIZE', reason: string): void
}

const QUOTE = 0x22
const SEMICOLON = 0x3b
const BACKSLASH = 0x5c
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d

// Between frames: white space, as a person who types frames leaves it, and semicolons too many.
const isBetweenFrames = (char: number): boolean =>
  char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09 || char === SEMICOLON

/**
 * Python writes NaN and Infinity, which are not JSON: https://docs.python.org/3/library/json.html#infinite-and-nan-number-values
 * Infinity becomes a number too large to be finite; NaN becomes null, as JSON.stringify would have written it.
 */
const withoutPythonNumbers = (text: string): string =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"|\bNaN\b|\bInfinity\b/g, (found) => {
    if (found === 'NaN') return 'null'
    return found === 'Infinity' ? '1e999' : found
  })

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return JSON.parse(withoutPythonNumbers(text))
  }
}

const shorten = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)

/**
 * Reads frames out of chunks that may end anywhere. A `;;` ends a frame only outside a JSON string, so raw semicolons
 * in the texts of old senders do no harm, and one unreadable frame does not take its neighbours with it.
 */
export class FrameDecoder {
  readonly #sink: FrameSink
  readonly #maxFrameBytes: number
  readonly #bytes = new Utf8Stream()
  /** The beginning of a frame whose end has not come. */
  #pieces: string[] = []
  #pending = 0
  // Where the scan of that frame stands.
  #inString = false
  #escaped = false
  #semicolon = false
  #broken = false
  #successor: ((bytes: Uint8Array) => void) | undefined
  /** How the last frame began, up to its payload. */
  #head: { readonly event: string; readonly text: string } | undefined
  /** A frame of this length is neither too large nor nested too deep. */
  readonly #shortLength: number

  constructor(sink: FrameSink, { maxFrameBytes }: { readonly maxFrameBytes: number }) {
    this.#sink = sink
    this.#maxFrameBytes = maxFrameBytes
    this.#shortLength = Math.min(2 * MAX_DEPTH, maxFrameBytes / 3)
  }

  /** Takes the next bytes. They may be changed once it has returned. */
  push(chunk: Uint8Array): void {
    if (this.#broken) return
    if (this.#successor !== undefined) return this.#successor(chunk)
    const { text, rest } = this.#bytes.push(chunk)
    this.#read(text)
    if (rest !== undefined && !this.#broken) this.#notText(rest)
  }

  /** Bytes that are not UTF-8: an error, or the first bytes after the last frame. */
  #notText(bytes: Uint8Array): void {
    if (this.#successor === undefined) this.#break('EPROTO', 'the stream is not UTF-8')
    else this.#successor(bytes)
  }

  /** Takes the text of whole frames. */
  pushText(text: string): void {
    if (!this.#broken) this.#read(text)
  }

  /**
   * Called from {@link FrameSink.frame}: the bytes behind that frame are of another protocol, and go to `successor`,
   * which has to copy what it keeps. That protocol must begin with a byte that no text begins with.
   */
  handOver(successor: (bytes: Uint8Array) => void): void {
    this.#successor = successor
  }

  /** The stream has ended; in the middle of a frame that is an error. */
  end(): void {
    if (this.#broken || (this.#pieces.length === 0 && !this.#bytes.unfinished)) return
    this.#break('EPROTO', 'the stream ended in the middle of a frame')
  }

  #read(text: string): void {
    let at = 0
    while (!this.#broken) {
      if (this.#successor !== undefined) {
        if (at < text.length) this.#successor(new TextEncoder().encode(text.slice(at)))
        return
      }
      if (this.#pieces.length === 0) {
        while (at < text.length && isBetweenFrames(text.charCodeAt(at))) at += 1
        if (at === text.length) return
        if (text.charCodeAt(at) !== BRACE) {
          const found = String.fromCodePoint(text.codePointAt(at) ?? 0)
          return this.#break('EPROTO', `a frame begins with "{", not with ${JSON.stringify(found)}`)
        }
        const next = this.#readWhole(text, at)
        if (next > 0) {
          at = next
          continue
        }
      }
      if (at === text.length) return
      at = this.#scan(text, at)
    }
  }

  /**
   * The usual case: the frame ends at the first `;;`, and up to there it is JSON. Since the beginning of a JSON object
   * is never itself a JSON object, no other end is possible then.
   *
   * @returns where the next frame begins, or 0
   */
  #readWhole(text: string, at: number): number {
    const end = text.indexOf(';;', at)
    if (end < 0) return 0
    const head = this.#head
    const sameEvent =
      head !== undefined && text.startsWith(head.text, at) && text.charCodeAt(end - 1) === CLOSING_BRACE
    let value: unknown
    try {
      value = JSON.parse(sameEvent ? text.slice(at + head.text.length, end - 1) : text.slice(at, end))
    } catch {
      return 0
    }
    if (!sameEvent) this.#deliver(text.slice(at, end), value)
    else if (end - at <= this.#shortLength) this.#sink.frame(head.event, value)
    else this.#deliver(text.slice(at, end), { event: head.event, payload: value })
    return end + 2
  }

  /**
   * Looks for the end from `at` on, and keeps what is there of the frame.
   *
   * @returns where reading goes on
   */
  #scan(text: string, at: number): number {
    const end = this.#findEnd(text, at)
    const until = end < 0 ? text.length : end
    this.#pieces.push(text.slice(at, until))
    this.#pending += until - at
    if (this.#pending - 2 > this.#maxFrameBytes) this.#tooLarge()
    else if (end >= 0) this.#finish()
    return until
  }

  #findEnd(text: string, from: number): number {
    let inString = this.#inString
    let escaped = this.#escaped
    let semicolon = this.#semicolon
    let end = -1
    for (let at = from; at < text.length; at++) {
      const char = text.charCodeAt(at)
      if (inString) {
        if (escaped) escaped = false
        else if (char === BACKSLASH) escaped = true
        else if (char === QUOTE) inString = false
      } else if (char === SEMICOLON) {
        if (semicolon) {
          end = at + 1
          semicolon = false
          break
        }
        semicolon = true
      } else {
        semicolon = false
        inString = char === QUOTE
      }
    }
    this.#inString = inString
    this.#escaped = escaped
    this.#semicolon = semicolon
    return end
  }

  #finish(): void {
    const frame = this.#pieces.join('').slice(0, -2)
    this.#pieces = []
    this.#pending = 0
    let value: unknown
    try {
      value = parseJson(frame)
    } catch {
      return this.#sink.skipped(`the frame is not JSON: ${shorten(frame)}`)
    }
    this.#deliver(frame, value)
  }

  #deliver(frame: string, value: unknown): void {
    // A character of UTF-16 is at most three bytes of UTF-8.
    if (frame.length * 3 > this.#maxFrameBytes && utf8Length(frame) > this.#maxFrameBytes)
      return this.#tooLarge()
    if (isTooDeep(frame)) return this.#sink.skipped(`the frame is nested deeper than ${MAX_DEPTH} levels`)
    const { event, payload } = value as { event?: unknown; payload?: unknown }
    if (typeof event !== 'string') return this.#sink.skipped(`the frame names no event: ${shorten(frame)}`)
    this.#remember(event, frame)
    this.#sink.frame(event, payload)
  }

  /** Most frames follow one of the same event, and begin with the same text then. */
  #remember(event: string, frame: string): void {
    if (this.#head?.event === event) return
    const text = `{"event":${JSON.stringify(event)},"payload":`
    if (frame.startsWith(text)) this.#head = { event, text }
  }

  #tooLarge(): void {
    this.#break('EMSGSIZE', `a frame is larger than ${this.#maxFrameBytes} bytes`)
  }

  #break(code: 'EPROTO' | 'EMSGSIZE', reason: string): void {
    this.#broken = true
    this.#pieces = []
    this.#sink.broken(code, reason)
  }
}
