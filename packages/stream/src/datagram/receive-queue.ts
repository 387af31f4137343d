/** Packets that wait for a `for await`. */
import type { Packet } from './packet.ts'
import type { ReceivedPacket } from './received-packet.ts'

type Result = IteratorResult<ReceivedPacket, undefined>

/** The descriptors of packets that wait: as many as one packet may have. */
const MAX_HELD_DESCRIPTORS = 253

/** A bounded queue between the socket and its iterators, so that senders wait when an iterator is slow. */
export class ReceiveQueue {
  readonly #limit: number
  readonly #packets: ReceivedPacket[] = []
  readonly #pendingReads: PromiseWithResolvers<Result>[] = []
  readonly #onRoom: () => void
  #iterators = 0
  #heldDescriptors = 0
  #last: ReceivedPacket | undefined
  #ended: { readonly error: Error | undefined } | undefined

  constructor(limit: number, onRoom: () => void) {
    this.#limit = limit
    this.#onRoom = onRoom
  }

  /** True when there is an iterator, and room. */
  get wants(): boolean {
    return (
      this.#iterators > 0 &&
      this.#packets.length < this.#limit &&
      this.#heldDescriptors < MAX_HELD_DESCRIPTORS
    )
  }

  push(packet: ReceivedPacket): void {
    const pendingRead = this.#pendingReads.shift()
    if (pendingRead) return pendingRead.resolve(this.#handOut(packet))
    this.#packets.push(packet)
    this.#heldDescriptors += packet.descriptorCount
  }

  /** Closes the descriptors that no receiver has read. The data of packets that wait can still be received. */
  closeDescriptors(): void {
    this.#last?.closeUnclaimed()
    for (const packet of this.#packets) packet.closeUnclaimed()
  }

  /** Ends every iteration after the packets that wait; with an error, iterations reject then. */
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

  /** Descriptors of the packet before are closed unless its receiver has read them. */
  #handOut(packet: ReceivedPacket): Result {
    this.#last?.closeUnclaimed()
    this.#last = packet
    return { value: packet, done: false }
  }

  #next(): Promise<Result> {
    const packet = this.#packets.shift()
    if (packet) {
      this.#heldDescriptors -= packet.descriptorCount
      this.#onRoom()
      return Promise.resolve(this.#handOut(packet))
    }
    if (this.#ended) {
      return this.#ended.error
        ? Promise.reject(this.#ended.error)
        : Promise.resolve({ value: undefined, done: true })
    }
    const pendingRead = Promise.withResolvers<Result>()
    this.#pendingReads.push(pendingRead)
    return pendingRead.promise
  }
}
