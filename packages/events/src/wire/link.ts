/** Link: one connection, in frames. */
import type { OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { FrameDecoder } from './decoder.ts'
import { asError, failure, toWire } from '../errors/errors.ts'
import { FrameType } from './frame.ts'
import { checkPreamble, couldBePreamble, preamble, PREAMBLE_BYTES } from './handshake-messages.ts'
import { readLatin1 } from './latin1.ts'
import { IncomingNames } from './interned-names.ts'
import { Outbox } from './outbox.ts'

/** Receives the frames of a {@link Link}. */
export interface FrameReceiver {
  /** Takes a frame: the bytes from its type on; valid during the call. What it throws ends the connection. */
  frame(link: Link, buffer: Buffer, start: number, end: number): void
}

/** What a {@link Link} calls: `frame` for the handshake only, `closed` at the end. */
export interface LinkEvents extends FrameReceiver {
  /** The connection is gone: called once, with the reason if there is one. */
  closed(link: Link, reason: Error | undefined): void
}

/** The handshake may not need more than this. */
export const HANDSHAKE_LIMIT: number = 64 * 1024
/** Milliseconds that the other end has to read why it was closed. */
const GOODBYE_MS = 1000
/** From this many texts in one read on, the whole read is turned into text once, and cut. */
const MANY_TEXTS = 4
/** A read buffer that is used again and again, where the transport can. */
const READ_BUFFER = 64 * 1024

/**
 * The buffer that a `net.Socket` reads into: one for all reads, replaced only when a payload is a view of it.
 * https://nodejs.org/api/net.html#new-netsocketoptions
 */
export class ReadBuffer {
  readonly onread: OnReadOpts
  #link: Link | undefined
  /** What arrived before the link was there: a transport may resolve after the first read, and Deno's does. */
  #early: Buffer[] = []
  #buffer = Buffer.allocUnsafeSlow(READ_BUFFER)

  constructor() {
    this.onread = {
      // Asked at the beginning, and after each read: undefined then means the same buffer again.
      buffer: () => this.#next() as Buffer,
      callback: (size, buffer) => {
        this.#takeEarly()
        if (this.#link === undefined) this.#early.push(Buffer.from((buffer as Buffer).subarray(0, size)))
        else this.#link.take(buffer as Buffer, size)
        return true
      },
    }
  }

  set link(link: Link) {
    this.#link = link
    // The caller does not have the link yet.
    if (this.#early.length > 0) queueMicrotask(() => this.#takeEarly())
  }

  #takeEarly(): void {
    if (this.#link === undefined) return
    for (const each of this.#early.splice(0)) this.#link.take(each, each.length)
  }

  #begun = false

  #next(): Buffer | undefined {
    if (this.#begun && this.#link?.decoder.retained !== true) return undefined
    if (this.#begun) this.#buffer = Buffer.allocUnsafeSlow(READ_BUFFER)
    this.#begun = true
    if (this.#link !== undefined) this.#link.decoder.retained = false
    return this.#buffer
  }
}

/** One live connection: cuts the bytes that arrive into frames, gathers those that leave, and ends with a reason. */
export class Link {
  readonly duplex: Duplex
  readonly outbox: Outbox
  readonly decoder: FrameDecoder
  readonly names: IncomingNames
  /** The ids of the names that were sent to the other end on this connection. */
  readonly announced: boolean[] = []
  /** Something was read since this was last set to false. */
  heard = false
  /** The largest frame that the other end reads. */
  peerMaxFrame: number = HANDSHAKE_LIMIT
  /** The options that the other end knows. */
  peerKnows: readonly string[] = []
  /** Why the other end is closing, if it said so. */
  closeReason: Error | undefined

  /** Receives the frames: the handshake at first, then the dispatcher of the channel, without a step between. */
  receiver: FrameReceiver

  readonly #events: LinkEvents
  #preamble: Buffer | undefined = Buffer.alloc(0)
  #reason: Error | undefined
  #closing = false
  #closed = false
  #holds = 0
  #timer: NodeJS.Timeout | undefined

  // The text of the current read; see text().
  #chunk: Buffer | undefined
  #chunkEnd = 0
  #texts = 0
  #text = ''
  #textAt = -1

  constructor(duplex: Duplex, events: LinkEvents, maxNames: number, reading?: ReadBuffer) {
    this.duplex = duplex
    this.#events = events
    this.receiver = events
    this.outbox = new Outbox(duplex)
    this.names = new IncomingNames(maxNames)
    this.decoder = new FrameDecoder((buffer, start, end) => {
      if (!this.#closing) this.receiver.frame(this, buffer, start, end)
    }, HANDSHAKE_LIMIT)
    duplex.on('error', (error) => {
      this.#reason ??= asError(error)
    })
    duplex.on('close', () => this.#ended())
    duplex.on('end', () => {
      if (!duplex.writableEnded) duplex.end()
    })
    if (reading !== undefined) reading.link = this
    // A socket with a read buffer of ours emits no data; the listener then only makes it flow.
    duplex.on('data', (chunk: Buffer) => this.take(chunk, chunk.length))
    this.outbox.putEncoded(preamble())
    if (duplex.destroyed) process.nextTick(() => this.#ended())
  }

  get closed(): boolean {
    return this.#closed || this.#closing
  }

  /** True when the other end knows an option of the protocol. */
  knows(option: string): boolean {
    return this.peerKnows.includes(option)
  }

  /** Takes bytes that were read. */
  take(chunk: Buffer, size: number): void {
    this.heard = true
    if (this.#closing) return
    if (this.#taking) {
      // A stream in memory brings the answer to what a listener says while the listener is still at it.
      this.#later.push(chunk.subarray(0, size))
      return
    }
    this.#taking = true
    this.#takeNow(chunk, size)
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) {
      if (!this.#closing) this.#takeNow(next, next.length)
    }
    this.#taking = false
  }

  #taking = false
  #later: Buffer[] = []

  #takeNow(chunk: Buffer, size: number): void {
    this.#chunk = chunk
    this.#chunkEnd = size
    this.#texts = 0
    this.#textAt = -1
    try {
      const start = this.#preamble === undefined ? 0 : this.#skipPreamble(chunk, size)
      // What listeners say now goes out with one write when all frames are done.
      this.outbox.gathering = true
      this.decoder.push(chunk, start, size)
      this.outbox.gathering = false
      this.outbox.flush()
    } catch (error) {
      this.outbox.gathering = false
      this.fail(asError(error))
    } finally {
      this.#chunk = undefined
    }
  }

  #skipPreamble(chunk: Buffer, size: number): number {
    const had = (this.#preamble as Buffer).length
    const used = Math.min(PREAMBLE_BYTES - had, size)
    const bytes = Buffer.concat([this.#preamble as Buffer, chunk.subarray(0, used)])
    this.#preamble = bytes
    if (bytes.length === PREAMBLE_BYTES || !couldBePreamble(bytes)) {
      checkPreamble(bytes)
      this.#preamble = undefined
    }
    return used
  }

  /** Returns latin1 text of the current read. Many small texts are cut from one, which is faster than reading each. */
  text(buffer: Buffer, at: number, end: number): string {
    if (buffer !== this.#chunk) return readLatin1(buffer, at, end)
    if (this.#textAt < 0) {
      if (++this.#texts < MANY_TEXTS) return readLatin1(buffer, at, end)
      this.#textAt = at
      this.#text = readLatin1(buffer, at, this.#chunkEnd)
    }
    return this.#text.substring(at - this.#textAt, end - this.#textAt)
  }

  /** Stops passing frames on, and reading, until as many {@link release}s follow. */
  hold(): void {
    if (this.#holds++ > 0) return
    this.decoder.stop()
    this.duplex.pause()
  }

  get held(): boolean {
    return this.#holds > 0
  }

  release(): void {
    if (this.#holds === 0 || --this.#holds > 0) return
    // Not now: who releases may be in the middle of something.
    setImmediate(() => this.#go())
  }

  #go(): void {
    if (this.#holds > 0 || this.closed) return
    // An empty read: what was kept comes first, then what arrives meanwhile.
    this.#taking = true
    try {
      this.decoder.resume()
      this.outbox.flush()
    } catch (error) {
      this.fail(asError(error))
    } finally {
      this.#taking = false
    }
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift())
      this.take(next, next.length)
    if (this.closed) return
    if (this.#holds === 0) this.duplex.resume()
  }

  /** Ends the connection because of an error, and sends it to the other end. */
  fail(reason: Error): void {
    if (this.closed) return
    this.#reason ??= reason
    this.goodbye(reason)
  }

  /** Sends GOODBYE with the reason, writes what is left, and closes; after 1000 ms at the latest. */
  goodbye(reason: Error): void {
    if (this.closed) return
    const { code, message } = toWire(reason)
    this.outbox.put(FrameType.goodbye, 0, 0, -1, JSON.stringify({ code, message }))
    this.outbox.flush()
    this.#closing = true
    this.#reason ??= reason
    // Reading goes on, and the bytes are dropped: bytes left unread would reset the connection, and lose the reason.
    this.duplex.resume()
    this.duplex.end()
    this.#timer = setTimeout(() => this.duplex.destroy(), GOODBYE_MS)
  }

  /** Ends the connection at once. */
  destroy(reason: Error): void {
    this.#reason ??= reason
    this.#closing = true
    this.duplex.destroy()
  }

  #ended(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#events.closed(this, this.closeReason ?? this.#reason)
  }
}

/** The reason of a connection that ended without one. */
export const lost = (): Error => failure('read', 'ERR_DISCONNECTED', 'the connection was lost')
