/** The streams of `wasi:io` of 0.2 as things that have handles, and their errors. */
import { wouldBlock, type Failure } from '../outcome/failure.ts'
import { after, rescued, SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import { iovecOf, type Channel } from './channel.ts'
import { isEnd } from './error-code.ts'
import { MOST_AT_ONCE, type ComponentHost, type MemoryRange } from './host.ts'
import { Pollable } from './pollable.ts'
import { trap } from './trap.ts'

/** `wasi:io/error.error` */
export class IoError {
  readonly failure: Failure

  constructor(failure: Failure) {
    this.failure = failure
  }
}

/** The stream has ended: `stream-error.closed`. */
export const closed: unique symbol = Symbol('closed')

const nothing = new Uint8Array(0)

/** A stream that belongs to a socket reports its drop. */
type OnDrop = () => void

export class InputStream {
  readonly channel: Channel
  readonly onDrop: OnDrop
  #ended = false

  constructor(channel: Channel, onDrop: OnDrop = () => {}) {
    this.channel = channel
    this.onDrop = onDrop
  }

  /** Reads up to so many bytes; none when nothing is there and it may not wait. Throws {@link closed} at the end. */
  read(host: ComponentHost, most: number, waits: boolean): Outcome<Uint8Array> {
    if (this.#ended) throw closed
    if (most === 0) return nothing
    const into = host.scratch.subarray(0, most)
    const read = (bytes: number): Uint8Array => {
      this.#ended = bytes === 0
      if (this.#ended) throw closed
      return into.subarray(0, bytes)
    }
    if (waits) return after(this.channel.read(host.guest, into, true), read)
    const reading = rescued(
      () => this.channel.read(host.guest, into, false),
      (error) => {
        if (error === wouldBlock) return -1
        throw error
      },
    )
    return after(reading, (bytes) => (bytes < 0 ? nothing : read(bytes)))
  }

  /**
   * Reads a list of bytes, which it puts into new memory of the component: straight there where it is known how many have
   * come.
   */
  readList(host: ComponentHost, most: number, waits: boolean): Outcome<MemoryRange> {
    if (this.#ended) throw closed
    const { channel } = this
    const waiting =
      waits && most > 0 && channel.arrived(host.guest) === 0 ? channel.untilArrived(host.guest) : undefined
    return waiting instanceof SyncPromise
      ? waiting.follow(() => this.#readArrived(host, most, waits))
      : this.#readArrived(host, most, waits)
  }

  #readArrived(host: ComponentHost, most: number, waits: boolean): Outcome<MemoryRange> {
    const length = Math.min(this.channel.arrived(host.guest), most)
    if (length === 0) return after(this.read(host, most, waits), (bytes) => host.place(bytes))
    const pointer = host.allocate(1, length)
    const into = host.guest.memory.bytes(pointer, length)
    return after(this.channel.read(host.guest, into, false), (got) => ({ pointer, length: got }))
  }

  pollable(): Pollable {
    return new Pollable(() =>
      this.#ended
        ? { kind: 'ready' }
        : { kind: 'channel', channel: this.channel, interest: { read: true, write: false } },
    )
  }
}

export class OutputStream {
  readonly channel: Channel
  readonly onDrop: OnDrop
  /** What a write took and the system has not taken yet. */
  #unsent: Uint8Array = new Uint8Array(0)
  #failure: unknown

  constructor(channel: Channel, onDrop: OnDrop = () => {}) {
    this.channel = channel
    this.onDrop = onDrop
  }

  /** Sends what is left: as far as it goes, or all. */
  #push(host: ComponentHost, waits: boolean): Outcome<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#unsent.length === 0) return undefined
    return this.#sent(() =>
      waits ? this.channel.writeAll(host.guest, iovecOf(this.#unsent)) : this.#tried(host, this.#unsent),
    )
  }

  /** The bytes that go without waiting; none is none. */
  #tried(host: ComponentHost, bytes: Uint8Array): Outcome<number> {
    return rescued(
      () => this.channel.write(host.guest, bytes),
      (error) => {
        if (error === wouldBlock) return 0
        throw error
      },
    )
  }

  #sent(action: () => Outcome<number>): Outcome<void> {
    return after(this.#failing(action), (bytes) => {
      this.#unsent = this.#unsent.subarray(bytes)
    })
  }

  /** A failure is reported once, then the stream is closed. */
  #failing(action: () => Outcome<number>): Outcome<number> {
    return rescued(action, (error) => {
      if (!isEnd(error)) this.#failure = closed
      throw error
    })
  }

  /** How many bytes the next write takes. */
  checkWrite(host: ComponentHost): Outcome<bigint> {
    return after(this.#push(host, false), () => (this.#unsent.length > 0 ? 0n : BigInt(MOST_AT_ONCE)))
  }

  write(host: ComponentHost, from: Iovec): Outcome<void> {
    if (from.size > MOST_AT_ONCE || this.#unsent.length > 0)
      return trap(`a write of ${from.size} bytes is more than check-write permitted`)
    if (this.#failure !== undefined) throw this.#failure
    const bytes = from.parts()[0] ?? nothing
    if (bytes.length === 0) return undefined
    // What does not go at once is kept, since the memory is the component's again.
    return after(
      this.#failing(() => this.#tried(host, bytes)),
      (count) => {
        if (count < bytes.length) this.#unsent = bytes.slice(count)
      },
    )
  }

  /** Waits until everything has gone. */
  flush(host: ComponentHost): Outcome<void> {
    return this.#push(host, true)
  }

  writeAndFlush(host: ComponentHost, from: Iovec): Outcome<void> {
    return after(this.flush(host), () => {
      if (from.size === 0) return undefined
      return after(
        this.#failing(() => this.channel.writeAll(host.guest, from)),
        () => {},
      )
    })
  }

  pollable(): Pollable {
    return new Pollable(() =>
      this.#failure === undefined
        ? { kind: 'channel', channel: this.channel, interest: { read: false, write: true } }
        : { kind: 'ready' },
    )
  }

  get unsent(): boolean {
    return this.#unsent.length > 0 && this.#failure === undefined
  }
}
