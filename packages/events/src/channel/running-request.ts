/** RunningRequest: a request while its handler runs. */
import { failure } from '../errors/errors.ts'
import type { RequestContext } from '../handlers/handler.ts'
import type { InputStream } from './input-stream.ts'

/** One request that is being handled here. */
export class RunningRequest<Peer = unknown> implements RequestContext<Peer> {
  readonly name: string
  readonly kind: 'request' | 'stream'
  readonly peer: Peer
  /** Nobody waits for the answer. */
  cancelled = false
  /** Resolves when a stream that nobody reads any more has ended; undefined: it has. */
  stopped: Promise<unknown> | undefined
  /** The input, where it is a stream. */
  input: InputStream | undefined
  #pulling: unknown
  #controller: AbortController | undefined
  #credit: number
  #more: (() => void) | undefined

  constructor(name: string, kind: 'request' | 'stream', peer: Peer, credit: number) {
    this.name = name
    this.kind = kind
    this.peer = peer
    this.#credit = credit
  }

  // Made when it is asked for: most handlers never do.
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.cancelled) this.#controller.abort(this.#reason())
    }
    return this.#controller.signal
  }

  #reason(): Error {
    return failure('handle', 'ERR_DISCONNECTED', `nobody waits for the answer to '${this.name}' any more`)
  }

  cancel(): void {
    if (this.cancelled) return
    this.cancelled = true
    this.#controller?.abort(this.#reason())
    this.input?.fail(this.#reason())
    this.#leave?.()
    this.#wake()
  }

  /** The reader has room for so many more items. */
  addCredit(items: number): void {
    this.#credit += items
    this.#wake()
  }

  #wake(): void {
    const more = this.#more
    this.#more = undefined
    more?.()
  }

  /**
   * Sends the items as fast as the reader takes them.
   *
   * @param put - sends an item; may return a promise that means "wait"
   */
  async pump(
    items: AsyncIterable<unknown> | Iterable<unknown>,
    put: (item: unknown) => Promise<void> | undefined,
  ): Promise<void> {
    const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
    let done = false
    try {
      while (!this.cancelled) {
        if (this.#credit <= 0) {
          await new Promise<void>((resolve) => {
            this.#more = resolve
          })
          continue
        }
        const pulling = iterator.next()
        this.#pulling = pulling
        const next = await this.#unlessCancelled(pulling)
        if (next === undefined) break
        if (next.done === true) {
          done = true
          break
        }
        this.#credit--
        await put(next.value)
      }
    } finally {
      // Not awaited: a generator that hangs in an await of its own would hold this for ever. Its error has no reader.
      if (!done) this.stopped = Promise.allSettled([this.#pulling, iterator.return?.()])
    }
  }

  /** Undefined when nobody reads any more. Not `Promise.race`, which would keep something for every item. */
  #unlessCancelled<T>(next: T | Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve(undefined)
      Promise.resolve(next).then(resolve, reject)
    })
  }

  #leave: (() => void) | undefined
}

/** True for an iterable that can be sent as a stream of items. */
export const isStream = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (Symbol.asyncIterator in value || (Symbol.iterator in value && !(value instanceof Uint8Array)))
