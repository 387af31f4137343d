/** Futures of a component: one value, from the host or from itself. */
import type { ComponentHost } from '../host.ts'
import type { ValueType } from '../canonical/type.ts'
import { trap } from '../trap.ts'
import { BLOCKED, COMPLETED, CopyEnd, DROPPED } from './copy-end.ts'
import { FUTURE_READ, FUTURE_WRITE } from './waitable.ts'

export class Future<T = unknown> {
  readonly type: ValueType<T>
  #value: { readonly value: T } | undefined
  #consumer: ((value: T) => void) | undefined
  #reader: FutureReadEnd | undefined
  #writer: FutureWriteEnd | undefined
  #readerGone = false
  readonly #onDrop: () => void

  /** @param onDrop - Called when the component has dropped its end. */
  constructor(type: ValueType<T>, onDrop: () => void = () => {}) {
    this.type = type
    this.#onDrop = onDrop
  }

  readEnd(host: ComponentHost): FutureReadEnd {
    this.#reader = new FutureReadEnd(this as Future, host)
    return this.#reader
  }

  writeEnd(host: ComponentHost): FutureWriteEnd {
    this.#writer = new FutureWriteEnd(this as Future, host)
    return this.#writer
  }

  /** The host has the value. Only the first counts. */
  resolve(value: T): void {
    if (this.#value) return
    this.#value = { value }
    const reader = this.#reader
    if (!reader?.copying) return
    this.type.store(reader.host, reader.at, value)
    reader.finish(COMPLETED, 0, true)
  }

  /** The host wants the value, when the component has written it. */
  consume(consumer: (value: T) => void): void {
    this.#reader = undefined
    this.#consumer = consumer
    const writer = this.#writer
    if (this.#value) consumer(this.#value.value)
    else if (writer?.copying) {
      consumer(this.type.load(writer.host, writer.at))
      writer.finish(COMPLETED, 0, true)
    }
  }

  read(host: ComponentHost, at: number): boolean {
    if (this.#value) this.type.store(host, at, this.#value.value)
    else if (this.#writer?.copying) trap('elements of this type are not copied within a component')
    return this.#value !== undefined
  }

  write(host: ComponentHost, at: number): number | undefined {
    if (this.#readerGone) return DROPPED
    if (this.#consumer) {
      this.#consumer(this.type.load(host, at))
      return COMPLETED
    }
    if (this.#reader?.copying) trap('elements of this type are not copied within a component')
    return undefined
  }

  readerDropped(): void {
    this.#readerGone = true
    if (this.#writer?.copying) this.#writer.finish(DROPPED, 0, true)
    this.#onDrop()
  }
}

export class FutureReadEnd extends CopyEnd {
  readonly code: number = FUTURE_READ
  readonly future: Future
  readonly host: ComponentHost

  constructor(future: Future, host: ComponentHost) {
    super()
    this.future = future
    this.host = host
  }

  copy(at: number): number {
    if (this.future.read(this.host, at)) return this.finishNow(COMPLETED, 0, true)
    this.begin(at, 1)
    return BLOCKED
  }

  override drop(): void {
    super.drop()
    this.future.readerDropped()
  }
}

export class FutureWriteEnd extends CopyEnd {
  readonly code: number = FUTURE_WRITE
  readonly future: Future
  readonly host: ComponentHost

  constructor(future: Future, host: ComponentHost) {
    super()
    this.future = future
    this.host = host
  }

  copy(at: number): number {
    const result = this.future.write(this.host, at)
    if (result !== undefined) return this.finishNow(result, 0, true)
    this.begin(at, 1)
    return BLOCKED
  }

  override drop(): void {
    if (!this.done) trap('a future was dropped before its value was written')
    super.drop()
  }
}
