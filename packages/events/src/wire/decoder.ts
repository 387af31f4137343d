/** FrameDecoder: bytes become frames; their length is checked here. */
import { failure } from '../errors/errors.ts'
import { LENGTH_BYTES, MIN_LENGTH, readLength } from './frame.ts'

/**
 * Takes one frame: the bytes from `start` (its type) to `end` of `buffer`. They are valid during the call only, unless
 * the receiver sets {@link FrameDecoder.retained}.
 */
export type FrameSink = (buffer: Buffer, start: number, end: number) => void

/** A claimed length is not believed before the bytes come: memory grows with what has arrived. */
const FIRST_CARRY = 16 * 1024

/**
 * Cuts a stream of bytes into frames, in place: only a frame that is split between two reads is ever copied. However
 * the bytes are split, the same frames come out.
 */
export class FrameDecoder {
  /** The largest frame, in bytes after the length field. */
  limit: number
  /** The sink kept a view of the buffer of its call: that buffer may not be used again. */
  retained = false

  readonly #sink: FrameSink
  #stopped = false
  #carry: Buffer | undefined
  #have = 0

  constructor(sink: FrameSink, limit: number) {
    this.#sink = sink
    this.limit = limit
  }

  /** Bytes of a frame that is not complete yet, or of frames that wait for {@link resume}. */
  get pending(): number {
    return this.#have
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** No frame after the current one reaches the sink until {@link resume}; bytes pushed meanwhile are kept. */
  stop(): void {
    this.#stopped = true
  }

  /** Passes what was kept to the sink. */
  resume(): void {
    this.#stopped = false
    const kept = this.#carry
    if (kept === undefined) return
    const end = this.#have
    this.#carry = undefined
    this.#have = 0
    this.push(kept, 0, end)
  }

  /**
   * Takes the next bytes.
   *
   * @throws SocketError `ERR_FRAME_TOO_LARGE` or `ERR_PROTOCOL`: the stream is of no use from here on
   */
  push(chunk: Buffer, start = 0, end: number = chunk.length): void {
    let at = start
    if (this.#have > 0) {
      if (this.#stopped) return this.#keep(chunk, at, end)
      at = this.#complete(chunk, at, end)
      if (at < 0) return
    }
    while (!this.#stopped && end - at >= LENGTH_BYTES) {
      const next = at + LENGTH_BYTES + this.#checked(readLength(chunk, at))
      if (next > end) break
      this.#sink(chunk, at + LENGTH_BYTES, next)
      at = next
    }
    if (at < end) this.#keep(chunk, at, end)
  }

  #checked(length: number): number {
    if (length > this.limit) {
      throw failure('read', 'ERR_FRAME_TOO_LARGE', `a frame of ${length} bytes; the limit is ${this.limit}`)
    }
    if (length < MIN_LENGTH) throw failure('read', 'ERR_PROTOCOL', `a frame of ${length} bytes is too short`)
    return length
  }

  /** Fills the carried frame from the chunk; returns where the chunk goes on, or -1 when it is used up. */
  #complete(chunk: Buffer, start: number, end: number): number {
    let at = start
    // The carry may hold several whole frames, if it was kept while stopped; resume() deals with those. Here it is one.
    if (this.#have < LENGTH_BYTES) {
      const more = Math.min(LENGTH_BYTES - this.#have, end - at)
      this.#keep(chunk, at, at + more)
      at += more
      if (this.#have < LENGTH_BYTES) return -1
    }
    const total = LENGTH_BYTES + this.#checked(readLength(this.#carry as Buffer, 0))
    const more = Math.min(total - this.#have, end - at)
    this.#keep(chunk, at, at + more)
    at += more
    if (this.#have < total) return -1
    const frame = this.#carry as Buffer
    this.#carry = undefined
    this.#have = 0
    const before = this.retained
    this.#sink(frame, LENGTH_BYTES, total)
    // The carry is a buffer of its own, so a view of it does not bind the buffer that the reader fills.
    this.retained = before
    return at
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const size = end - start
    if (size <= 0) return
    const need = this.#have + size
    if (this.#carry === undefined || this.#carry.length < need) {
      const grown = Buffer.allocUnsafe(Math.max(need, this.#room(need)))
      if (this.#carry !== undefined) this.#carry.copy(grown, 0, 0, this.#have)
      this.#carry = grown
    }
    chunk.copy(this.#carry, this.#have, start, end)
    this.#have = need
  }

  /** How much to take at once: doubled each time, but no more than the frame itself needs. */
  #room(need: number): number {
    if (this.#carry === undefined) return need <= 256 ? 256 : FIRST_CARRY
    const grown = Math.max(FIRST_CARRY, this.#carry.length * 2)
    return this.#stopped ? grown : Math.min(grown, LENGTH_BYTES + this.limit)
  }
}
