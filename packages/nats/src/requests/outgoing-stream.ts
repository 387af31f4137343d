/** OutgoingStream: the items of a handler here, for a reader on another machine, as fast as that takes them. */
import { failure } from '../errors.ts'
import type { Written } from '../payload/payload.ts'
import { BYTES_HEADER } from '../payload/payload.ts'
import { ALIVE_HEADER, ALIVE_MS, DEAD_MS, END_HEADER, NUMBER_HEADER } from './headers.ts'

interface StreamContext {
  /** The subject on which the reader says how much it takes. */
  readonly control: string
  readonly window: number
  write(value: unknown): Written
  publish(
    payload: Uint8Array | string,
    headers: Readonly<Record<string, string | undefined>>,
    control?: string,
  ): void
  /** Aborts the handler's signal. */
  cancel(): void
}

export class OutgoingStream {
  readonly #context: StreamContext
  #credit: number
  #number = 0
  #stopped = false
  #wake: (() => void) | undefined
  #leave: (() => void) | undefined
  #alive: NodeJS.Timeout | undefined
  #heardAt = performance.now()

  constructor(context: StreamContext) {
    this.#context = context
    this.#credit = context.window
  }

  /** The reader has left. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Says where the reader's words go. */
  open(): void {
    this.#context.publish('', { [NUMBER_HEADER]: String(this.#number++) }, this.#context.control)
    this.#alive = setInterval(() => this.#look(), ALIVE_MS).unref()
  }

  #look(): void {
    if (performance.now() - this.#heardAt > DEAD_MS) this.cancel()
    else this.#context.publish('', { [ALIVE_HEADER]: '1' })
  }

  /** The reader says how many items more it takes, or that it has left. */
  control(word: string): void {
    this.#heardAt = performance.now()
    if (word === 'end') this.cancel()
    const items = Number(word)
    if (!(Number.isSafeInteger(items) && items > 0 && items <= 65_536)) return
    this.#credit += items
    this.#wake?.()
  }

  cancel(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#context.cancel()
    this.#wake?.()
    this.#leave?.()
  }

  /** Sends the items; rejects with what the handler throws. */
  async pump(items: unknown): Promise<void> {
    if (!isIterable(items))
      throw failure('handle', 'ENOTSUP', 'the handler does not return a stream; use request()')
    const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
    let done = false
    try {
      while (!this.#stopped) {
        if (this.#credit <= 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          continue
        }
        const next = await this.#unlessStopped(iterator.next())
        if (next === undefined) break
        if (next.done === true) {
          done = true
          break
        }
        this.#credit--
        this.#item(next.value)
      }
      if (done) this.#context.publish('', { [NUMBER_HEADER]: String(this.#number), [END_HEADER]: '1' })
    } finally {
      // Not awaited: a generator that hangs in an await of its own would hold this for ever.
      if (!done) void Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }

  #item(value: unknown): void {
    const { payload, isBytes } = this.#context.write(value)
    this.#context.publish(payload, {
      [NUMBER_HEADER]: String(this.#number++),
      [BYTES_HEADER]: isBytes ? '1' : undefined,
    })
  }

  #unlessStopped<T>(next: T | Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve(undefined)
      Promise.resolve(next).then(resolve, reject)
    })
  }

  close(): void {
    clearInterval(this.#alive)
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (Symbol.asyncIterator in value || (Symbol.iterator in value && !(value instanceof Uint8Array)))
