/** Streams as iterables. After an error, which `next` throws, each goes on: no byte that was read is lost. */
import { SocketError } from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'

/** What is iterated over. */
export interface Readable {
  read(buffer: Uint8Array): number
}

const CHUNK = 65_536
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

export const chunksOf = (stream: Readable): IterableIterator<Buffer> => ({
  next: () => {
    const buffer = Buffer.allocUnsafeSlow(CHUNK)
    const bytes = stream.read(buffer)
    if (bytes === 0) return { done: true, value: undefined }
    const chunk = buffer.subarray(0, bytes)
    // A small chunk does not keep 64 KiB alive.
    return { done: false, value: bytes < CHUNK / 2 ? Buffer.from(chunk) : chunk }
  },
  [Symbol.iterator]() {
    return this
  },
})

export interface LineOptions {
  /**
   * The longest line in bytes; a longer one fails with `EMSGSIZE`.
   *
   * @default 16_777_216
   */
  readonly maxBytes?: number | undefined
}

/** UTF-8, a line end is LF or CR LF; what is left at the end of the stream is a line as well. */
class Lines implements IterableIterator<string> {
  readonly #stream: Readable
  readonly #most: number
  /** What was read and not yet returned lies from `from` to `to`; up to `searched` it has no line end. */
  #held: Buffer = Buffer.allocUnsafeSlow(CHUNK)
  #from = 0
  #searched = 0
  #to = 0
  #ended = false

  constructor(stream: Readable, most: number) {
    this.#stream = stream
    this.#most = most
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<string, undefined> {
    for (;;) {
      const end = this.#held.subarray(0, this.#to).indexOf(LINE_FEED, this.#searched)
      if (end >= 0) return { done: false, value: this.#take(end, end + 1) }
      this.#searched = this.#to
      if (this.#ended) {
        if (this.#from === this.#to) return { done: true, value: undefined }
        return { done: false, value: this.#take(this.#to, this.#to) }
      }
      this.#check(this.#to)
      this.#makeRoom()
      const bytes = this.#stream.read(this.#held.subarray(this.#to))
      this.#ended = bytes === 0
      this.#to += bytes
    }
  }

  #take(end: number, next: number): string {
    this.#check(end)
    const hasReturn = end > this.#from && this.#held[end - 1] === CARRIAGE_RETURN
    const line = this.#held.toString('utf8', this.#from, hasReturn ? end - 1 : end)
    this.#from = next
    this.#searched = next
    return line
  }

  #check(end: number): void {
    if (end - this.#from <= this.#most) return
    throw new SocketError({
      code: 'EMSGSIZE',
      syscall: 'lines',
      detail: `a line is longer than ${this.#most} bytes`,
      advice: 'raise maxBytes, or read bytes instead of lines',
    })
  }

  /** A quarter of a chunk at least: lines that come byte by byte are not moved for each. */
  #makeRoom(): void {
    if (this.#held.length - this.#to >= CHUNK / 4) return
    const length = this.#to - this.#from
    const held = length <= this.#held.length / 2 ? this.#held : Buffer.allocUnsafeSlow(2 * this.#held.length)
    this.#held.copy(held, 0, this.#from, this.#to)
    this.#held = held
    this.#from = 0
    this.#searched = length
    this.#to = length
  }
}

export const linesOf = (stream: Readable, options?: LineOptions): IterableIterator<string> =>
  new Lines(stream, integer('lines', 'maxBytes', options?.maxBytes ?? 2 ** 24, 1, 2 ** 30))
