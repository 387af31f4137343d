/** `wasi:io/streams` and `wasi:io/error` of 0.2. */
import { failureOf, wouldBlock, type Failure } from '../outcome/failure.ts'
import { after, rescued, SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import { singleIovec, type Iovec } from '../memory/guest-memory.ts'
import { iovecOf, type Channel } from './channel.ts'
import { isEnd } from './error-code.ts'
import {
  dropRow,
  MOST_AT_ONCE,
  type ComponentHost,
  type ComponentRow,
  type ComponentRows,
  type MemoryRange,
} from './host.ts'
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
const closed: unique symbol = Symbol('closed')

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

/** Writes a `result<T, stream-error>`: the payload and the error begin at the same place. */
const streamResult = <T>(
  host: ComponentHost,
  at: number,
  payload: number,
  action: () => Outcome<T>,
  write: (value: T, at: number) => void,
): Outcome<void> => {
  const { memory } = host.guest
  memory.check(at, payload + 8)
  const failed = (thrown: unknown): void => {
    if (isEnd(thrown)) throw thrown
    memory.setU8(at, 1)
    memory.setU8(at + payload, thrown === closed ? 1 : 0)
    if (thrown !== closed) memory.setU32(at + payload + 4, host.handles.add(new IoError(failureOf(thrown))))
  }
  const succeeded = (value: T): void => {
    write(value, at + payload)
    memory.setU8(at, 0)
  }
  let outcome: Outcome<T>
  try {
    outcome = action()
  } catch (error) {
    return failed(error)
  }
  return outcome instanceof SyncPromise ? outcome.follow(succeeded, failed) : after(outcome, succeeded)
}

const wanted = (length: number): number => {
  const bytes = BigInt.asUintN(64, BigInt(length))
  return bytes > BigInt(MOST_AT_ONCE) ? MOST_AT_ONCE : Number(bytes)
}

const readRow = (waits: boolean): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(InputStream, self)
    return streamResult(
      host,
      at,
      4,
      () => stream.readList(host, wanted(length), waits),
      ({ pointer, length: got }, place) => {
        host.guest.memory.setU32(place, pointer)
        host.guest.memory.setU32(place + 4, got)
      },
    )
  },
})

const skipRow = (waits: boolean): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(InputStream, self)
    return streamResult(
      host,
      at,
      8,
      () => after(stream.read(host, wanted(length), waits), (bytes) => BigInt(bytes.length)),
      (bytes, place) => host.guest.memory.setU64(place, bytes),
    )
  },
})

const writeRow = (
  most: number,
  write: (host: ComponentHost, to: OutputStream, from: Iovec) => Outcome<void>,
): ComponentRow => ({
  parameters: 'iiii',
  waits: true,
  call: (host, self, pointer, length, at) => {
    const stream = host.handles.get(OutputStream, self)
    if (length >>> 0 > most) return trap(`a write of ${length >>> 0} bytes: ${most} at most`)
    const from = singleIovec(host.guest.memory, pointer, length)
    return streamResult(
      host,
      at,
      4,
      () => write(host, stream, from),
      () => {},
    )
  },
})

const zeroesRow = (
  most: number,
  write: (host: ComponentHost, to: OutputStream, from: Iovec) => Outcome<void>,
): ComponentRow => ({
  parameters: 'iIi',
  waits: true,
  call: (host, self, length, at) => {
    const stream = host.handles.get(OutputStream, self)
    const bytes = BigInt.asUintN(64, BigInt(length))
    if (bytes > BigInt(most)) return trap(`a write of ${bytes} bytes: ${most} at most`)
    return streamResult(
      host,
      at,
      4,
      () => write(host, stream, iovecOf(new Uint8Array(Number(bytes)))),
      () => {},
    )
  },
})

const flushRow = (waits: boolean): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, self, at) => {
    const stream = host.handles.get(OutputStream, self)
    const action = (): Outcome<unknown> => (waits ? stream.flush(host) : stream.checkWrite(host))
    return streamResult(host, at, 4, action, () => {})
  },
})

const spliceRow = (waits: boolean): ComponentRow => ({
  parameters: 'iiIi',
  waits: true,
  call: (host, self, source, length, at) => {
    const to = host.handles.get(OutputStream, self)
    const from = host.handles.get(InputStream, source)
    const action = (): Outcome<bigint> =>
      after(waits ? to.flush(host) : undefined, () =>
        after(to.checkWrite(host), (space) => {
          const most = Math.min(wanted(length), Number(space))
          return after(from.read(host, most, waits), (bytes) =>
            after(waits ? to.writeAndFlush(host, iovecOf(bytes)) : to.write(host, iovecOf(bytes)), () =>
              BigInt(bytes.length),
            ),
          )
        }),
      )
    return streamResult(host, at, 8, action, (bytes, place) => host.guest.memory.setU64(place, bytes))
  },
})

const subscribeRow = (type: typeof InputStream | typeof OutputStream): ComponentRow => ({
  parameters: 'i',
  result: 'i',
  call: (host, self) => {
    const stream: InputStream | OutputStream = host.handles.get<InputStream | OutputStream>(type, self)
    return host.handles.add(stream.pollable())
  },
})

/** blocking-write-and-flush and its like take so much: streams.wit. */
const MOST_FLUSHED = 4096

const write = (host: ComponentHost, to: OutputStream, from: Iovec): Outcome<void> => to.write(host, from)
const writeAndFlush = (host: ComponentHost, to: OutputStream, from: Iovec): Outcome<void> =>
  to.writeAndFlush(host, from)

export const streamRows: ComponentRows = {
  '[method]input-stream.read': readRow(false),
  '[method]input-stream.blocking-read': readRow(true),
  '[method]input-stream.skip': skipRow(false),
  '[method]input-stream.blocking-skip': skipRow(true),
  '[method]input-stream.subscribe': subscribeRow(InputStream),
  '[resource-drop]input-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(InputStream, self).onDrop(),
  },
  '[method]output-stream.check-write': {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const stream = host.handles.get(OutputStream, self)
      return streamResult(
        host,
        at,
        8,
        () => stream.checkWrite(host),
        (space, place) => host.guest.memory.setU64(place, space),
      )
    },
  },
  '[method]output-stream.write': writeRow(MOST_AT_ONCE, write),
  '[method]output-stream.blocking-write-and-flush': writeRow(MOST_FLUSHED, writeAndFlush),
  '[method]output-stream.write-zeroes': zeroesRow(MOST_AT_ONCE, write),
  '[method]output-stream.blocking-write-zeroes-and-flush': zeroesRow(MOST_FLUSHED, writeAndFlush),
  '[method]output-stream.flush': flushRow(false),
  '[method]output-stream.blocking-flush': flushRow(true),
  '[method]output-stream.splice': spliceRow(false),
  '[method]output-stream.blocking-splice': spliceRow(true),
  '[method]output-stream.subscribe': subscribeRow(OutputStream),
  '[resource-drop]output-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => {
      const stream = host.handles.remove(OutputStream, self)
      if (!stream.unsent) return stream.onDrop()
      // What a write took goes out, whatever becomes of the stream.
      return after(
        rescued(
          () => stream.flush(host),
          (error) => {
            if (isEnd(error)) throw error
          },
        ),
        () => stream.onDrop(),
      )
    },
  },
}

export const errorRows: ComponentRows = {
  '[method]error.to-debug-string': {
    parameters: 'ii',
    call: (host, self, at) => {
      const { code, detail } = host.handles.get(IoError, self).failure
      host.setString(at, `${code}: ${detail}`)
    },
  },
  '[resource-drop]error': dropRow(IoError),
}
