import { addAbortListener } from 'node:events'
import type { Readable } from 'node:stream'
import { invalidArgument, invalidValue, outOfRange } from '@uds/winsock-ffi'
import { ByteQueue } from '../bytes/byte-queue.ts'
import { IncompleteReadError, LimitOverrunError } from './errors.ts'

/** 64 KiB, as in asyncio. */
export const DEFAULT_LIMIT: number = 2 ** 16

const NEWLINE: Uint8Array = Buffer.from('\n')

export interface StreamReaderOptions {
  /** How many bytes may come before a separator, in `readUntil` and `readLine`; 65536 unless given. */
  readonly limit?: number | undefined
}

export interface ReadOptions {
  /** Ends the wait with the reason of the signal. No byte is lost: the next call gets them. */
  readonly signal?: AbortSignal | undefined
}

/** What ends a piece of the stream: bytes, or text that is sent as UTF-8; of several, the one that ends first. */
export type Separator = string | Uint8Array

const separatorsOf = (separator: Separator | readonly Separator[]): Uint8Array[] => {
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
 * Reads a stream as asyncio's `StreamReader` does. It takes the stream over: nobody else may read it.
 *
 * An error of the connection is thrown by the first call that the bytes before it cannot satisfy, and by every later
 * one; asyncio forgets those bytes. One call may wait at a time.
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
    // Destroyed without an error: nothing more can come.
    stream.on('close', () => this.#finish(undefined))
  }

  /** The number of bytes that may come before a separator. */
  get limit(): number {
    return this.#limit
  }

  /** True when the end of the stream has come and every byte before it was read. */
  atEof(): boolean {
    return this.#ended && this.#queue.length === 0 && !(this.#stream.readableLength > 0)
  }

  /**
   * Reads up to `n` bytes: waits for the first one and gives what is there. Without `n`, or with -1, everything up to
   * the end of the stream.
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
   * @throws IncompleteReadError when the stream ends before, with what came in `partial`.
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
   * Reads up to a separator, which is the end of what it gives. Of several separators the one that ends first counts.
   *
   * @throws IncompleteReadError when the stream ends before, with what came in `partial`.
   * @throws LimitOverrunError when more bytes than the limit come first; they stay in the reader.
   */
  async readUntil(
    separator: Separator | readonly Separator[] = '\n',
    options: ReadOptions = {},
  ): Promise<Buffer> {
    const separators = separatorsOf(separator)
    return this.#alone(() => this.#until(separators, options))
  }

  /**
   * Reads a line, with its `\n`. At the end of the stream it gives what is left, without one, and then empty buffers.
   *
   * @throws LimitOverrunError for a line longer than the limit. What came of it is thrown away, as asyncio does.
   */
  readLine(options: ReadOptions = {}): Promise<Buffer> {
    const here = this.#waiting || options.signal?.aborted ? -1 : this.#queue.indexOf(NEWLINE, 0)
    // Most lines are here already, and need nothing of the way below.
    if (here !== -1 && here <= this.#limit) return Promise.resolve(this.#queue.take(here + 1))
    return this.#alone(async () => {
      try {
        return await this.#until([NEWLINE], options)
      } catch (error) {
        if (error instanceof IncompleteReadError) return error.partial
        if (error instanceof LimitOverrunError) {
          // The whole line where its end is known, otherwise what there is of it.
          const end = this.#queue.indexOf(NEWLINE, error.consumed)
          this.#queue.take(end === error.consumed ? end + 1 : this.#queue.length)
        }
        throw error
      }
    })
  }

  /** The lines of the stream, each as {@link readLine} gives it, to the end. */
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
        throw new LimitOverrunError(`the separator comes after the limit of ${this.#limit} bytes`, start)
      }
      // A separator may begin in the last bytes and end in those that come.
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
