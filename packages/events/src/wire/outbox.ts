/** Outbox: frames in slabs of memory, written once a tick. */
import type { Duplex } from 'node:stream'
import { net } from '@uds/winsock-ffi/internal'
import {
  boundOf,
  type Encoded,
  HEADER_BYTES,
  HEADER_ID_BYTES,
  isWide,
  writeFrame,
  writeFrameHead,
} from './frame.ts'

/** A quiet connection holds no more than this. */
const SMALL_SLAB = 2 * 1024
/** What is written at once, at most: a full slab does not wait for the end of the tick. */
const SLAB = 64 * 1024
/** Bytes from this size on are written from where they are, without a copy. */
const OWN_WRITE = 16 * 1024
/** Full slabs that are kept to be used again: those on their way at the default high-water mark, and as many that just left. */
const SPARE = 8

/** Memory that frames are written into, one behind the other. */
export interface Slab {
  readonly buffer: Buffer
  /** Frames in it that may have to be sent again; while there are any, the slab is not used again. */
  pins: number
  /** The number of the last write that has a piece of it. */
  lastWrite: number
}

const makeSlab = (size: number): Slab => ({ buffer: Buffer.allocUnsafeSlow(size), pins: 0, lastWrite: 0 })

const nothing: Slab = makeSlab(0)

/** Where a frame was put. */
export interface Placed {
  slab: Slab
  at: number
  end: number
  /** The payload, where it was written from its own memory. */
  own: Uint8Array | undefined
}

/**
 * Gathers frames and writes them at the end of the tick, or when a slab is full: one system call for many messages.
 */
export class Outbox {
  /** Where the last frame went; for those that may have to be sent again. */
  readonly placed: Placed = { slab: nothing, at: 0, end: 0, own: undefined }
  /** Something was written since this was last set to false. */
  active = false
  /** The link will call {@link flush} soon, so no tick has to be waited for. */
  gathering = false
  /** Called at the end of the tick, when frames can still join. */
  beforeFlush: (() => void) | undefined

  /** Called when what was written has left. Not 'drain', which a stream only emits above its own mark. */
  written: (() => void) | undefined
  readonly #done = (): void => {
    this.#left++
    this.#unheldBytes -= this.#unheldOfWrites.shift() ?? 0
    this.written?.()
  }

  /** The most bytes of {@link putUnheld} that may wait in this process; beyond it {@link overflow} is called. */
  unheldLimit: number = Infinity
  overflow: (() => void) | undefined
  /** Bytes of frames that no flow control holds back and that have not left: of all, of the next write, of each write. */
  #unheldBytes = 0
  #unheldOfNext = 0
  readonly #unheldOfWrites: number[] = []

  readonly #duplex: Duplex
  /** A `net.Socket` is done with the memory when the write is done; other streams may keep or pass on the chunk. */
  readonly #reuses: boolean
  #slab: Slab = nothing
  /** Slabs that were filled, to be used again. */
  #full: Slab[] = []
  #start = 0
  #at = 0
  #chunks: Uint8Array[] = []
  #chunkBytes = 0
  #inFlight = 0
  /** Writes that were handed to the stream, and those of them that have left. */
  #writes = 0
  #left = 0
  #scheduled = false

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    this.#reuses = duplex instanceof net().Socket
  }

  /** Bytes that were not handed to the system yet. */
  get buffered(): number {
    const own = this.#chunkBytes + this.#at - this.#start
    // The stream is asked only when it had something left: this is read for every message.
    if (this.#inFlight > 0) this.#inFlight = this.#duplex.writableLength
    return own + this.#inFlight
  }

  /** Adds a frame; see `writeFrame`. With `pin` its memory is kept until the pin is taken off its slab. */
  put(type: number, flags: number, name: number, id: number, payload: Encoded, pin = false): void {
    if (typeof payload === 'object' && payload.length >= OWN_WRITE && this.#reuses) {
      this.#putOwn(type, flags, name, id, payload, pin)
      return
    }
    const wide = typeof payload === 'string' && isWide(payload)
    const room = (id >= 0 ? HEADER_ID_BYTES : HEADER_BYTES) + boundOf(payload, wide)
    if (this.#slab.buffer.length - this.#at < room) this.#turn(room)
    const at = this.#at
    this.#at = writeFrame(this.#slab.buffer, at, type, flags, name, id, payload, wide)
    const placed = this.placed
    placed.slab = this.#slab
    placed.at = at
    placed.end = this.#at
    placed.own = undefined
    if (pin) this.#slab.pins++
    if (!this.#scheduled && !this.gathering) this.schedule()
  }

  /**
   * Adds a frame that no flow control holds back, as the other end has caused it: PONG, ACK, NACK, CREDIT, ... An end that
   * asks for them and does not read them overflows.
   */
  putUnheld(type: number, id: number, payload: Encoded): void {
    this.put(type, 0, 0, id, payload)
    const size = HEADER_ID_BYTES + (payload?.length ?? 0)
    this.#unheldBytes += size
    this.#unheldOfNext += size
    if (this.#unheldBytes <= this.unheldLimit) return
    // Once: the end of the connection adds frames, too.
    const { overflow } = this
    this.overflow = undefined
    overflow?.()
  }

  /** Adds a frame that is encoded already. */
  putEncoded(frame: Uint8Array, payload?: Uint8Array): void {
    if (frame.length >= OWN_WRITE) this.#addChunk(frame)
    else {
      if (this.#slab.buffer.length - this.#at < frame.length) this.#turn(frame.length)
      this.#slab.buffer.set(frame, this.#at)
      this.#at += frame.length
    }
    if (payload !== undefined) this.#addChunk(payload)
    if (!this.#scheduled && !this.gathering) this.schedule()
  }

  #putOwn(type: number, flags: number, name: number, id: number, payload: Uint8Array, pin: boolean): void {
    if (this.#slab.buffer.length - this.#at < HEADER_ID_BYTES) this.#turn(HEADER_ID_BYTES)
    const at = this.#at
    this.#at = writeFrameHead(this.#slab.buffer, at, type, flags, name, id, payload.length)
    const placed = this.placed
    placed.slab = this.#slab
    placed.at = at
    placed.end = this.#at
    placed.own = payload
    if (pin) this.#slab.pins++
    this.#addChunk(payload)
    if (!this.#scheduled && !this.gathering) this.schedule()
  }

  #addChunk(chunk: Uint8Array): void {
    this.#cut()
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    if (this.#chunkBytes >= SLAB) this.#write()
  }

  /** Writes at the end of this tick. */
  schedule(): void {
    if (this.#scheduled || this.gathering) return
    this.#scheduled = true
    process.nextTick(flushOf, this)
  }

  /** Writes what is there now. */
  flush(): void {
    this.#scheduled = false
    this.beforeFlush?.()
    this.#cut()
    if (this.#chunks.length > 0) this.#write()
  }

  /** Ends the piece of the slab that is to be written next. */
  #cut(): void {
    if (this.#at === this.#start) return
    this.#chunks.push(this.#slab.buffer.subarray(this.#start, this.#at))
    this.#chunkBytes += this.#at - this.#start
    this.#start = this.#at
    this.#slab.lastWrite = this.#writes + 1
  }

  /** Makes room: another slab, or the same again. */
  #turn(room: number): void {
    this.#cut()
    if (this.#chunkBytes >= SLAB / 2) this.#write()
    if (this.#slab.buffer.length - this.#at >= room) return
    this.#slab = this.#next(room)
    this.#start = 0
    this.#at = 0
  }

  #next(room: number): Slab {
    const old = this.#slab
    if (old === nothing && room <= SMALL_SLAB) return makeSlab(SMALL_SLAB)
    if (room > SLAB) return makeSlab(room)
    if (!this.#reuses) return makeSlab(SLAB)
    if (old.buffer.length === SLAB && this.#full.length < SPARE) this.#full.push(old)
    const left = this.#duplex.writableLength === 0 ? this.#writes : this.#left
    const free = this.#full.findIndex(({ pins, lastWrite }) => pins === 0 && lastWrite <= left)
    return free < 0 ? makeSlab(SLAB) : (this.#full.splice(free, 1)[0] as Slab)
  }

  #write(): void {
    this.active = true
    this.#writes++
    this.#unheldOfWrites.push(this.#unheldOfNext)
    this.#unheldOfNext = 0
    const duplex = this.#duplex
    const chunks = this.#chunks
    this.#chunkBytes = 0
    if (duplex.destroyed || !duplex.writable) {
      chunks.length = 0
      return
    }
    // Emptied first: a stream in memory may bring an answer, and with it the next write, before this one returns.
    if (chunks.length === 1) {
      // Not by `length = 0`, which frees the memory of the list, for the next write to ask for it again.
      duplex.write(chunks.pop(), this.#done)
    } else {
      this.#chunks = []
      duplex.cork()
      const last = chunks.pop()
      for (const chunk of chunks) duplex.write(chunk)
      duplex.write(last, this.#done)
      duplex.uncork()
    }
    this.#inFlight = duplex.writableLength
    // The system has it all: the slab begins anew.
    if (this.#reuses && this.#inFlight === 0 && this.#slab.pins === 0 && this.#slab.buffer.length <= SLAB) {
      this.#start = 0
      this.#at = 0
    }
  }

  /** Frees memory while there is nothing to send. */
  trim(): void {
    if (this.#at !== this.#start || this.#chunks.length > 0) return
    this.#slab = nothing
    this.#full = []
    this.#start = 0
    this.#at = 0
  }
}

const flushOf = (outbox: Outbox): void => outbox.flush()
