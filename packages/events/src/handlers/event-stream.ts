/** One event of `events()`. */
export interface StreamedEvent<Name extends string = string, Data = unknown, Peer = unknown> {
  readonly name: Name
  readonly data: Data
  /** Who sent it: a `ServerPeer` at the server, undefined at a client. */
  readonly peer: Peer
  /** It may have been handled before. */
  readonly redelivered: boolean
}

/** Stops and restarts the connection that an event came over. */
export interface Pausable {
  hold(): void
  release(): void
}

interface Entry<Event> {
  readonly event: Event
  readonly done: () => void
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true }

/**
 * Events as an async iterator. It pulls: when `limit` events wait, the connection that brought the last is not read
 * until the reader has caught up, so the sender feels it. A message sent with `send` is acknowledged when the reader
 * asks for the next one.
 */
export class EventStream<Event> implements AsyncIterableIterator<Event, undefined, undefined> {
  readonly #limit: number
  readonly #stop: () => void
  #entries: Entry<Event>[] = []
  #current: Entry<Event> | undefined
  #waiting: ((result: IteratorResult<Event, undefined>) => void)[] = []
  #held = new Set<Pausable>()
  #ended = false

  /** @param listen - begins to listen, and returns the function that ends it */
  constructor(
    limit: number,
    listen: (take: (event: Event, tap: Pausable | undefined) => Promise<void> | undefined) => () => void,
  ) {
    this.#limit = limit
    this.#stop = listen((event, tap) => this.#take(event, tap))
  }

  #take(event: Event, tap: Pausable | undefined): Promise<void> {
    return new Promise((resolve) => {
      const entry = { event, done: resolve }
      const reader = this.#waiting.shift()
      if (reader !== undefined) {
        this.#current = entry
        reader({ value: event, done: false })
        return
      }
      this.#entries.push(entry)
      if (this.#entries.length >= this.#limit && tap !== undefined && !this.#held.has(tap)) {
        this.#held.add(tap)
        tap.hold()
      }
    })
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    this.#finishCurrent()
    const entry = this.#entries.shift()
    if (entry !== undefined) {
      this.#current = entry
      if (this.#entries.length <= this.#limit / 2) this.#release()
      return Promise.resolve({ value: entry.event, done: false })
    }
    if (this.#ended) return Promise.resolve(finished)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.end()
    this.#finishCurrent()
    for (const { done } of this.#entries.splice(0)) done()
    return Promise.resolve(finished)
  }

  /** No more events come; those that wait can still be read. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#stop()
    this.#release()
    for (const reader of this.#waiting.splice(0)) reader(finished)
  }

  #finishCurrent(): void {
    this.#current?.done()
    this.#current = undefined
  }

  #release(): void {
    for (const tap of this.#held) tap.release()
    this.#held.clear()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
