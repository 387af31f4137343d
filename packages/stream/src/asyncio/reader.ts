/** StreamReader: read, readExactly, readUntil, readLine. */
import { addAbortListener } from 'node:events'
import type { Readable } from 'node:stream'
import { checkOptions, invalidArgument, invalidValue, optionNames, outOfRange } from '@uds/winsock-ffi'
import { ByteQueue } from '../bytes/byte-queue.ts'
import { IncompleteReadError, LimitOverrunError } from './errors.ts'

/** 64 KiB, as in asyncio. */
export const DEFAULT_LIMIT: number = 2 ** 16

const NEWLINE: Uint8Array = Buffer.from('\n')

export interface StreamReaderOptions {
  /** Bytes that may precede a separator, in `readUntil` and `readLine`. @default 65_536 */
  readonly limit?: number | undefined
}

const OPTIONS: readonly string[] = optionNames<StreamReaderOptions>({ limit: true })

export interface ReadOptions {
  /** Rejects the wait with the reason of the signal. No byte is lost: the next call returns them. */
  readonly signal?: AbortSignal | undefined
}

/** The end of one part of the stream: bytes, or text in UTF-8. Of several, the one that ends first counts. */
export type Separator = string | Uint8Array

const readSeparators = (separator: Separator | readonly Separator[]): Uint8Array[] => {
  const list = typeof separator === 'string' || separator instanceof Uint8Array ? [separator] : separator
  const where = 'StreamReader.readUntil'
  if (!Array.isArray(list)) throw invalidArgument(where, 'the separator', 'a string or bytes', separator)
  const found = list.map((each: unknown): Uint8Array => {
    const bytes = typeof each === 'string' ? Buffer.from(each) : each
    if (!(bytes instanceof Uint8Array))
      throw invalidArgument(where, 'the separator', 'a string or bytes', each)
    if (bytes.length === 0) throw invalidValue(where, 'the separator', 'must not be empty', each)
    return bytes
  })
  if (found.length === 0) throw invalidValue(where, 'the list of separators', 'must not be empty', separator)
  return found
}

/**
 * Reads a stream as asyncio's `StreamReader` does. The reader owns the stream: the program must not read it elsewhere.
 *
 * The first call that the bytes before an error of the connection cannot satisfy throws it, and so does every later call;
 * asyncio discards those bytes. One call may wait at a time.
 *
 * @see https://docs.python.org/3/library/asyncio-stream.html#streamreader
 */
export class StreamReader {
  readonly #stream: Readable
  readonly #limit: number
  readonly #queue = new ByteQueue()
  #error: Error | undefined
  #ended = false
  #waiting = false
  #wake: (() => void) | undefined

  constructor(stream: Readable, options: StreamReaderOptions = {}) {
    checkOptions(options, 'StreamReader', OPTIONS)
    const limit = options.limit ?? DEFAULT_LIMIT
    if (!Number.isInteger(limit) || limit < 1)
      throw outOfRange('StreamReader', 'the limit', 'an integer of bytes, 1 or more', limit)
    this.#stream = stream
    this.#limit = limit
    this.#error = stream.errored ?? undefined
    this.#ended = stream.readableEnded || stream.destroyed
    stream.on('readable', () => this.#wake?.())
    stream.on('end', () => this.#finish(undefined))
    stream.on('error', (error: Error) => this.#finish(error))
    // Destroyed without an error: no more bytes can arrive.
    stream.on('close', () => this.#finish(undefined))
  }

  /** Bytes that may precede a separator. */
  get limit(): number {
    return this.#limit
  }

  /** True once the stream has ended and every byte before its end was read. */
  atEof(): boolean {
    return this.#ended && this.#queue.length === 0 && !(this.#stream.readableLength > 0)
  }

  /**
   * Reads up to `n` bytes: waits for the first one and returns those that have arrived. Without `n`, or with -1, it
   * reads to the end of the stream.
   *
   * @returns An empty buffer at the end of the stream, and for `n` = 0.
   */
  async read(n = -1, options: ReadOptions = {}): Promise<Buffer> {
    if (!Number.isSafeInteger(n) || n < -1)
      throw outOfRange('StreamReader.read', 'the number of bytes', 'an integer, or -1 for all', n)
    return this.#alone(async () => {
      if (n === 0) return Buffer.alloc(0)
      const enough = n === -1 ? Infinity : 1
      await this.#fill(enough, options)
      return this.#queue.take(n === -1 ? this.#queue.length : Math.min(n, this.#queue.length))
    })
  }

  /**
   * Reads exactly `n` bytes.
   *
   * @throws IncompleteReadError when the stream ends before, with the bytes before its end in `partial`.
   */
  async readExactly(n: number, options: ReadOptions = {}): Promise<Buffer> {
    if (!Number.isSafeInteger(n) || n < 0)
      throw outOfRange('StreamReader.readExactly', 'the number of bytes', 'an integer, 0 or more', n)
    return this.#alone(async () => {
      if (await this.#fill(n, options)) return this.#queue.take(n)
      throw new IncompleteReadError(this.#queue.take(this.#queue.length), n)
    })
  }

  /**
   * Reads up to and including a separator. Of several separators the one that ends first counts.
   *
   * @throws IncompleteReadError when the stream ends before, with the bytes before its end in `partial`.
   * @throws LimitOverrunError when more bytes than the limit precede it; they stay in the reader.
   */
  async readUntil(
    separator: Separator | readonly Separator[] = '\n',
    options: ReadOptions = {},
  ): Promise<Buffer> {
    const separators = readSeparators(separator)
    return this.#alone(() => this.#until(separators, options))
  }

  /**
   * Reads a line, with its `\n`. At the end of the stream it returns the rest, without one, and then empty buffers.
   *
   * @throws LimitOverrunError for a line longer than the limit. The reader discards the line, as asyncio does.
   */
  readLine(options: ReadOptions = {}): Promise<Buffer> {
    const here = this.#waiting || options.signal?.aborted ? -1 : this.#queue.indexOf(NEWLINE, 0)
    // Most lines have arrived already, and need no wait.
    if (here !== -1 && here <= this.#limit) return Promise.resolve(this.#queue.take(here + 1))
    return this.#alone(async () => {
      try {
        return await this.#until([NEWLINE], options)
      } catch (error) {
        if (error instanceof IncompleteReadError) return error.partial
        if (error instanceof LimitOverrunError) {
          // The whole line where its end is known, otherwise the bytes of it that have arrived.
          const end = this.#queue.indexOf(NEWLINE, error.consumed)
          this.#queue.take(end === error.consumed ? end + 1 : this.#queue.length)
        }
        throw error
      }
    })
  }

  /** The lines of the stream, each as {@link readLine} returns it, to the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const line = await this.readLine()
      if (line.length === 0) return
      yield line
    }
  }

  async #until(separators: readonly Uint8Array[], options: ReadOptions): Promise<Buffer> {
    const longest = Math.max(...separators.map((each) => each.length))
    let searched = 0
    for (;;) {
      let end = Infinity
      let start = 0
      for (const each of separators) {
        const at = this.#queue.indexOf(each, searched)
        if (at === -1 || at + each.length >= end) continue
        end = at + each.length
        start = at
      }
      if (end !== Infinity) {
        if (start <= this.#limit) return this.#queue.take(end)
        throw new LimitOverrunError(`the separator is after the limit of ${this.#limit} bytes`, start)
      }
      // A separator may begin in the last bytes and end in the next ones.
      searched = Math.max(0, this.#queue.length + 1 - longest)
      if (searched > this.#limit)
        throw new LimitOverrunError(`no separator within the limit of ${this.#limit} bytes`, searched)
      if (!(await this.#fill(this.#queue.length + 1, options)))
        throw new IncompleteReadError(this.#queue.take(this.#queue.length), undefined)
    }
  }

  /** One call at a time: with two, the bytes would go to either by chance. */
  async #alone<T>(action: () => Promise<T>): Promise<T> {
    if (this.#waiting) {
      const busy = new Error('StreamReader: another read is still waiting for bytes; await it first')
      throw Object.assign(busy, { code: 'ERR_INVALID_STATE' })
    }
    this.#waiting = true
    try {
      return await action()
    } finally {
      this.#waiting = false
    }
  }

  /** Waits for `n` bytes; false when the stream ends before. */
  async #fill(n: number, { signal }: ReadOptions): Promise<boolean> {
    signal?.throwIfAborted()
    while (this.#queue.length < n) {
      const chunk = this.#stream.read() as Buffer | null
      if (chunk !== null) {
        this.#queue.append(chunk)
        continue
      }
      if (this.#error) throw this.#error
      if (this.#ended) return false
      await this.#more(signal)
    }
    return true
  }

  async #more(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const listening = signal && addAbortListener(signal, () => resolve())
    await promise
    listening?.[Symbol.dispose]()
    signal?.throwIfAborted()
  }

  #finish(error: Error | undefined): void {
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }
}
