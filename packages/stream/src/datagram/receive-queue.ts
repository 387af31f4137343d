import type { Packet } from './packet.ts'

/** Packets between the socket and a `for await`: bounded, so that senders wait when the loop is slow. */
export class ReceiveQueue {
  readonly #limit: number
  readonly #packets: Packet[] = []
  readonly #pendingReads: PromiseWithResolvers<IteratorResult<Packet, undefined>>[] = []
  readonly #onRoom: () => void
  #iterators = 0
  #ended: { readonly error: Error | undefined } | undefined

  constructor(limit: number, onRoom: () => void) {
    this.#limit = limit
    this.#onRoom = onRoom
  }

  /** True when somebody iterates and there is room. */
  get wants(): boolean {
    return this.#iterators > 0 && this.#packets.length < this.#limit
  }

  push(packet: Packet): void {
    const pendingRead = this.#pendingReads.shift()
    if (pendingRead) pendingRead.resolve({ value: packet, done: false })
    else this.#packets.push(packet)
  }

  /** Ends every iteration once what waits is taken; with an error, the first one to find nothing gets it. */
  end(error: Error | undefined): void {
    this.#ended = { error }
    for (const pendingRead of this.#pendingReads.splice(0)) {
      if (error) pendingRead.reject(error)
      else pendingRead.resolve({ value: undefined, done: true })
    }
  }

  iterate(): AsyncIterableIterator<Packet> {
    let done = false
    this.#iterators += 1
    queueMicrotask(this.#onRoom)
    const iterator: AsyncIterableIterator<Packet> = {
      next: () => (done ? Promise.resolve({ value: undefined, done: true }) : this.#next()),
      return: () => {
        if (!done) this.#iterators -= 1
        done = true
        this.#onRoom()
        return Promise.resolve({ value: undefined, done: true })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  #next(): Promise<IteratorResult<Packet, undefined>> {
    const packet = this.#packets.shift()
    if (packet) {
      this.#onRoom()
      return Promise.resolve({ value: packet, done: false })
    }
    if (this.#ended) {
      return this.#ended.error
        ? Promise.reject(this.#ended.error)
        : Promise.resolve({ value: undefined, done: true })
    }
    const pendingRead = Promise.withResolvers<IteratorResult<Packet, undefined>>()
    this.#pendingReads.push(pendingRead)
    return pendingRead.promise
  }
}
