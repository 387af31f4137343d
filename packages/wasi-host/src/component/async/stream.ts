/** Streams of a component: between itself and the host, or within itself. */
import { singleIovec, type Iovec } from '../../memory/guest-memory.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import { u8 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { COMPLETED, BLOCKED, CopyEnd, DROPPED } from './copy-end.ts'
import { STREAM_READ, STREAM_WRITE } from './waitable.ts'

/** There is nothing more to come, or nobody takes any more. */
export const ENDED: unique symbol = Symbol('ended')

export type Moved = number | typeof NOT_YET | typeof ENDED

/** Where the bytes of a stream come from. */
export interface ByteSource {
  /** Fills what it can; {@link NOT_YET} when that is nothing, and calls `wake` once there is something. */
  read(into: Iovec, wake: () => void): Moved
  /** Nobody reads any more. */
  drop(): void
}

/** Where other elements come from. */
export interface ItemSource<T> {
  next(wake: () => void): T | typeof NOT_YET | typeof ENDED
  drop(): void
}

/** Where the bytes of a stream go to. */
export interface ByteSink {
  /** Takes what it can; {@link NOT_YET} when that is nothing, and calls `wake` once it can. */
  write(from: Iovec, wake: () => void): Moved
  /** Nobody writes any more. */
  end(): void
}

type Source<T> = ByteSource | ItemSource<T>

const isBytes = <T>(source: Source<T>): source is ByteSource => 'read' in source

export class Stream<T = unknown> {
  readonly type: ValueType<T>
  readonly source: Source<T> | undefined
  #sink: ByteSink | undefined
  #reader: ReadEnd | undefined
  #writer: WriteEnd | undefined
  #readerGone = false
  #writerGone = false

  constructor(type: ValueType<T>, source?: Source<T>) {
    this.type = type
    this.source = source
  }

  /** The end that a component reads from. */
  readEnd(host: ComponentHost): ReadEnd {
    this.#reader = new ReadEnd(this, host)
    return this.#reader
  }

  writeEnd(host: ComponentHost): WriteEnd {
    this.#writer = new WriteEnd(this, host)
    return this.#writer
  }

  /** The host takes the bytes from now on. */
  attach(sink: ByteSink): void {
    this.#reader = undefined
    this.#sink = sink
    if (this.source) {
      if (isBytes(this.source)) pipe(this.source, sink)
      else trap('the host reads streams of bytes only')
    } else if (this.#writerGone) sink.end()
    else this.#pumpSink()
  }

  /** Reads as far as it goes: the elements at `at`. */
  read(host: ComponentHost, at: number, count: number): Moved {
    if (this.source) return this.#fromSource(host, this.source, at, count)
    if (this.#writerGone) return ENDED
    const writer = this.#writer
    if (!writer?.copying) return NOT_YET
    if (writer.count > 0) {
      const moved = Math.min(count, writer.count)
      this.#copyWithin(host, writer.at, at, moved)
      if (moved > 0) writer.finish(COMPLETED, moved << 4, false)
      return moved
    }
    writer.finish(COMPLETED, 0, false)
    return NOT_YET
  }

  #fromSource(host: ComponentHost, source: Source<T>, at: number, count: number): Moved {
    if (isBytes(source)) return source.read(singleIovec(host.guest.memory, at, count), this.#pumpReader)
    let moved = 0
    while (moved < count) {
      const item = source.next(this.#pumpReader)
      if (item === NOT_YET) return moved > 0 ? moved : NOT_YET
      if (item === ENDED) return moved > 0 ? moved : ENDED
      this.type.store(host, at + moved * this.type.size, item)
      moved += 1
    }
    return moved
  }

  /** Writes as far as it goes. */
  write(host: ComponentHost, at: number, count: number): Moved {
    if (this.#readerGone) return ENDED
    if (this.#sink) return this.#sink.write(singleIovec(host.guest.memory, at, count), this.#pumpSink)
    const reader = this.#reader
    if (!reader?.copying) return NOT_YET
    if (reader.count > 0) {
      const moved = Math.min(count, reader.count)
      this.#copyWithin(host, at, reader.at, moved)
      if (moved > 0) reader.finish(COMPLETED, moved << 4, false)
      return moved
    }
    if (count === 0) return 0
    reader.finish(COMPLETED, 0, false)
    return NOT_YET
  }

  #copyWithin(host: ComponentHost, from: number, to: number, count: number): void {
    if (count === 0) return
    // CanonicalABI.md: only numbers can be copied within one instance, for now.
    if (this.type !== (u8 as ValueType<unknown>))
      trap('elements of this type are not copied within a component')
    const { memory } = host.guest
    memory.bytes(to, count).set(memory.bytes(from, count))
  }

  readonly #pumpReader = (): void => {
    const reader = this.#reader
    if (reader?.copying) reader.retry()
  }

  readonly #pumpSink = (): void => {
    const writer = this.#writer
    if (writer?.copying) writer.retry()
  }

  readerDropped(): void {
    this.#readerGone = true
    this.source?.drop()
    if (this.#writer?.copying) this.#writer.finish(DROPPED, 0, true)
  }

  writerDropped(): void {
    this.#writerGone = true
    this.#sink?.end()
    if (this.#reader?.copying) this.#reader.finish(DROPPED, 0, true)
  }
}

abstract class StreamEnd extends CopyEnd {
  readonly stream: Stream
  protected readonly host: ComponentHost

  constructor(stream: Stream, host: ComponentHost) {
    super()
    this.stream = stream
    this.host = host
  }

  protected abstract move(at: number, count: number): Moved

  /** Begins a copy; {@link BLOCKED} when it has to wait. */
  copy(at: number, count: number): number {
    const moved = this.move(at, count)
    if (moved === NOT_YET) {
      this.begin(at, count)
      return BLOCKED
    }
    return moved === ENDED ? this.finishNow(DROPPED, 0, true) : this.finishNow(COMPLETED, moved << 4, false)
  }

  /** Tries a copy that waits again. */
  retry(): void {
    const moved = this.move(this.at, this.count)
    if (moved === NOT_YET) return
    if (moved === ENDED) this.finish(DROPPED, 0, true)
    else this.finish(COMPLETED, moved << 4, false)
  }
}

export class ReadEnd extends StreamEnd {
  readonly code: number = STREAM_READ

  protected move(at: number, count: number): Moved {
    return this.stream.read(this.host, at, count)
  }

  override drop(): void {
    super.drop()
    this.stream.readerDropped()
  }
}

export class WriteEnd extends StreamEnd {
  readonly code: number = STREAM_WRITE

  protected move(at: number, count: number): Moved {
    return this.stream.write(this.host, at, count)
  }

  override drop(): void {
    super.drop()
    this.stream.writerDropped()
  }
}

/** Bytes that are under way between two streams of the host. */
const PIPED = 64 * 1024

/** A stream of the host that a component passed back to it: the bytes never come to the component. */
const pipe = (source: ByteSource, sink: ByteSink): void => {
  const buffer = new Uint8Array(PIPED)
  let rest = buffer.subarray(0, 0)
  const go = (): void => {
    for (;;) {
      if (rest.length === 0) {
        const got = source.read({ size: PIPED, parts: () => [buffer] }, go)
        if (got === NOT_YET) return
        if (got === ENDED) return sink.end()
        rest = buffer.subarray(0, got)
      }
      const from = rest
      const put = sink.write({ size: from.length, parts: () => [from] }, go)
      if (put === NOT_YET) return
      if (put === ENDED) return source.drop()
      rest = rest.subarray(put)
    }
  }
  go()
}
