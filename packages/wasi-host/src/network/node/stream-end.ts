/** NodeStreamEnd: a stream of a guest over a net.Socket or another Duplex. */
import { Duplex, type Readable, type Writable } from 'node:stream'
import { Socket } from 'node:net'
import { ipAddress, type Address } from '../address.ts'
import { Failure } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { OptionName, StreamEnd } from '../network.ts'
import { ReadQueue } from './read-queue.ts'
import type { ReadBuffer } from './read-buffer.ts'
import { Signal } from './signal.ts'
import { hiddenReset } from './hidden-reset.ts'
import { holdWriteFailures } from './write-failures.ts'
import { writeCopy } from './write-copy.ts'

/** Bytes that one write takes, so that a guest cannot make the host hold its whole memory twice. */
const LONGEST_WRITE = 256 * 1024

const addressOf = (host: string | undefined, port: number | undefined): Address | undefined =>
  host === undefined || host === '' ? undefined : ipAddress(host, port ?? 0)

/** Bytes of streams that have ended, which a guest read ahead and left: the next guest on the stream has them. */
const unread = new WeakMap<Readable, Uint8Array>()

/** What is known of a stream. */
interface About {
  readonly local?: Address | undefined
  readonly peer?: Address | undefined
  /** Where the bytes come from, if not from the stream itself. */
  readonly inlet?: ReadBuffer | undefined
}

/**
 * A stream of Node as a socket: bytes that came are kept until the guest asks, and writing takes what there is room
 * for.
 */
export class NodeStreamEnd implements StreamEnd {
  readonly signal: Signal = new Signal()
  readonly local: Address | undefined
  readonly peer: Address | undefined
  readonly #readable: Readable | undefined
  readonly #writable: Writable | undefined
  /** Not the guest's to end: standard input and output of this process. */
  readonly #borrowed: boolean
  readonly #inflow: ReadQueue
  #ended = false
  #writeEnded = false
  /** What broke the connection; what came before is read first. */
  #broken: unknown
  /** What a write failed with: of a connection whose other half may still have something to read. */
  #writeFailure: unknown
  #release: (() => void) | undefined
  #closed = false
  /** SO_LINGER of no time: closing is a reset, and drops what is left to send. */
  #resets = false

  constructor(
    ends: { readable?: Readable | undefined; writable?: Writable | undefined },
    about: About & { borrowed?: boolean } = {},
  ) {
    this.#readable = ends.readable
    this.#inflow = new ReadQueue(ends.readable, about.inlet, () => this.signal.notify())
    this.#writable = ends.writable
    this.#borrowed = about.borrowed ?? false
    const left = this.#borrowed && ends.readable ? unread.get(ends.readable) : undefined
    if (left) {
      unread.delete(ends.readable!)
      this.#inflow.put(left)
    }
    const socket = ends.readable instanceof Socket ? ends.readable : undefined
    this.local = about.local ?? addressOf(socket?.localAddress, socket?.localPort)
    this.peer = about.peer ?? addressOf(socket?.remoteAddress, socket?.remotePort)
    this.#readable?.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    // Standard input is begun when the guest first asks for it: reading it keeps the process alive.
    if (!this.#borrowed) this.#begin()
    if (this.#writable !== this.#readable)
      this.#writable?.on('error', this.#onError).on('close', this.#onClose)
    this.#writable?.on('drain', this.#onDrain)
    if (socket && !this.#borrowed && ends.writable === socket) {
      this.#release = holdWriteFailures(socket, (error) => {
        this.#writeFailure ??= error
        this.signal.notify()
      })
    }
  }

  static of(duplex: Duplex, about: About = {}): NodeStreamEnd {
    return new NodeStreamEnd({ readable: duplex, writable: duplex }, about)
  }

  #begin(): void {
    if (!this.#inflow.begin()) return
    if (this.#readable?.readableEnded) this.#ended = true
    // Its events are over: no listener hears them any more.
    else if (this.#readable?.destroyed) {
      this.#broken ??= this.#readable.errored ?? undefined
      this.#onClose()
    }
  }

  readonly #onEnd = (): void => {
    const broken = this.#readable instanceof Socket ? hiddenReset(this.#readable) : undefined
    if (broken === undefined) this.#ended = true
    else this.#broken ??= broken
    this.signal.notify()
  }

  readonly #onError = (error: unknown): void => {
    this.#broken ??= error
    this.#inflow.rescue()
    this.signal.notify()
  }

  readonly #onClose = (): void => {
    // Closed without an end: code in this process destroyed it.
    if (!this.#ended) this.#broken ??= new Failure('ECONNRESET', 'the connection was destroyed in the host')
    this.#inflow.rescue()
    this.#writeEnded = true
    this.signal.notify()
  }

  readonly #onDrain = (): void => this.signal.notify()

  readable(): boolean {
    this.#begin()
    return (
      this.#readable !== undefined && (this.#inflow.size > 0 || this.#ended || this.#broken !== undefined)
    )
  }

  writable(): boolean {
    if (this.#broken !== undefined || this.#writeFailure !== undefined || this.#writeEnded) return true
    return this.#writable !== undefined && !this.#writable.writableNeedDrain
  }

  available(): number {
    return this.#inflow.size
  }

  hungUp(): boolean {
    const writes = !this.#writeEnded && this.#writeFailure === undefined
    return this.#broken !== undefined || (this.#ended && !writes)
  }

  read(into: Uint8Array, peek: boolean): number | typeof NOT_YET {
    this.#begin()
    if (this.#inflow.size === 0) {
      if (this.#ended || !this.#readable) return 0
      if (this.#broken === undefined) return NOT_YET
      // As SO_ERROR: reported once, then the stream is at its end.
      this.#ended = true
      throw this.#broken
    }
    return this.#inflow.read(into, peek)
  }

  write(from: Uint8Array): number | typeof NOT_YET {
    const failure = this.#broken ?? this.#writeFailure
    if (failure !== undefined) throw failure
    if (!this.#writable || this.#writeEnded)
      throw new Failure('EPIPE', 'the connection was shut down for writing')
    if (this.#writable.writableNeedDrain) return NOT_YET
    const length = Math.min(from.length, LONGEST_WRITE)
    if (length > 0) writeCopy(this.#writable, length === from.length ? from : from.subarray(0, length))
    // The system is asked at once, and may refuse at once.
    if (this.#writeFailure !== undefined) throw this.#writeFailure
    return length
  }

  shutdown(how: number): void {
    if ((how & 2) !== 0 && !this.#writeEnded) {
      this.#writeEnded = true
      if (!this.#borrowed) this.#writable?.end()
    }
    if ((how & 1) !== 0) {
      this.#ended = true
      this.#inflow.clear()
      this.#discard()
    }
    this.signal.notify()
  }

  /** Lets what still comes flow away, so that the end of the peer is seen. */
  #discard(): void {
    this.#inflow.discard()
    if (!this.#borrowed) this.#readable?.resume()
  }

  setOption(name: OptionName, value: number): boolean {
    if (!(this.#readable instanceof Socket)) return false
    if (name === 'TCP_NODELAY') this.#readable.setNoDelay(value !== 0)
    else if (name === 'SO_KEEPALIVE') this.#readable.setKeepAlive(value !== 0)
    else if (name === 'SO_LINGER' && value <= 0) this.#resets = value === 0
    else return false
    return true
  }

  /** The stream itself, for TLS over it. This end lets it go; no byte may have been read ahead. */
  detach(): Duplex {
    const stream: unknown = this.#readable
    if (!(stream instanceof Duplex) || stream !== this.#writable) {
      throw new Failure('ENOTSUP', 'TLS needs a stream of both directions')
    }
    if (this.#inflow.size > 0) {
      throw new Failure('EINVAL', `${this.#inflow.size} bytes that came before TLS was started are unread`)
    }
    this.#inflow.leave()
    this.#unlisten(stream)
    this.#release?.()
    this.#closed = true
    return stream
  }

  /** Ends it; what was written still goes out, and bytes that still arrive are dropped. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#writeEnded = true
    this.signal.notify()
    if (this.#borrowed) {
      this.#inflow.leave()
      this.#readable?.pause()
      this.#returnUnread()
      return
    }
    this.#discard()
    const destroy = (): void => {
      this.#readable?.destroy()
      this.#writable?.destroy()
    }
    const socket = this.#readable
    if (this.#resets && socket instanceof Socket && socket.remoteFamily !== undefined)
      return void socket.resetAndDestroy()
    const failed = this.#broken !== undefined || this.#writeFailure !== undefined
    if (!this.#writable || failed || this.#writable.writableFinished) destroy()
    else this.#writable.end(destroy)
  }

  /** Returns bytes that were read ahead to a stream that goes on without the guest. */
  #returnUnread(): void {
    const rest = new Uint8Array(this.#inflow.size)
    this.#inflow.read(rest, false)
    const readable = this.#readable
    if (rest.length === 0 || !readable) return
    if (readable.readableEnded || readable.destroyed) unread.set(readable, rest)
    else readable.unshift(rest)
  }

  /** Bytes that were written and have not gone out. */
  get unsent(): number {
    return this.#writable?.writableLength ?? 0
  }

  /** Done when what was written has gone out, or never will. */
  closed(): Promise<void> {
    const writable = this.#writable
    if (!writable) return Promise.resolve()
    if (this.#borrowed) {
      if (writable.writableLength === 0 || writable.destroyed) return Promise.resolve()
      return new Promise((resolve) => writable.write('', () => resolve()))
    }
    if (writable.closed || writable.destroyed) return Promise.resolve()
    return new Promise((resolve) => writable.once('close', () => resolve()))
  }

  /** Closed by the guest, and nothing is left to send. */
  isGone(): boolean {
    return this.#closed && !this.#borrowed && (this.#writable?.destroyed ?? this.#readable?.destroyed ?? true)
  }

  /** A stream that is not the guest's goes on without it; a process may lend its standard input to many guests. */
  #leave(): void {
    for (const stream of [this.#readable, this.#writable])
      if (stream) this.#unlisten(stream).off('error', this.#onError)
  }

  /** The listener for errors stays: an 'error' event without one ends the process. */
  #unlisten<S extends Readable | Writable>(stream: S): S {
    stream.off('end', this.#onEnd).off('drain', this.#onDrain)
    stream.off('close', this.#onClose)
    return stream
  }

  /** Breaks it at once, with what it has not sent. */
  destroy(): void {
    this.#closed = true
    this.#inflow.leave()
    if (this.#borrowed) return this.#leave()
    this.#readable?.destroy()
    this.#writable?.destroy()
  }
}
