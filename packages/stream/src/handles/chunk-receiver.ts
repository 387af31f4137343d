/** Received chunks of an AncillarySocket, and the calls that wait for one. */
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import { AncillaryChunk } from './ancillary-chunk.ts'

type Result = IteratorResult<AncillaryChunk, undefined>

export interface ChunkSettings {
  readonly maxDescriptors: number
  readonly credentials: boolean
}

/** More than a socket holds by default, so that one call takes all. */
const MEMORY_SIZE = 262_144
/** A smaller part is copied, so that it does not keep the memory of others; with less room, other memory is taken. */
const SMALL = 16_384
/** What may wait for the iterator before reading pauses. */
const HIGH_WATER_BYTES = 262_144
const MAX_HELD_DESCRIPTORS = 253
/** Reads in one turn of the loop, so that other sockets have their turn. */
const READS_A_TURN = 16

/** Where the next read goes. Receiving is synchronous: all sockets of a thread share it. */
let room: Buffer | undefined

/** The bytes that were read to the beginning of the room. */
const takeRead = (from: Buffer, bytes: number): Buffer => {
  if (bytes < SMALL) {
    const copy = Buffer.allocUnsafe(bytes)
    from.copy(copy, 0, 0, bytes)
    return copy
  }
  room = from.length - bytes < SMALL ? undefined : from.subarray(bytes)
  return from.subarray(0, bytes)
}

export class ChunkReceiver {
  readonly #handle: SocketHandle
  readonly #settings: ChunkSettings
  readonly #taken: Pick<ChunkSettings, 'maxDescriptors' | 'credentials'>
  readonly #onDemand: () => void
  readonly #queue: AncillaryChunk[] = []
  readonly #pending: PromiseWithResolvers<Result>[] = []
  #queuedBytes = 0
  #heldDescriptors = 0
  #iterators = 0
  #last: AncillaryChunk | undefined
  #end: { readonly error: Error | undefined } | undefined

  /** @param onDemand - Called when `wants` may have changed. */
  constructor(handle: SocketHandle, settings: ChunkSettings, onDemand: () => void) {
    this.#handle = handle
    this.#settings = settings
    const { maxDescriptors, credentials } = settings
    this.#taken = { maxDescriptors, credentials }
    this.#onDemand = onDemand
  }

  /** An iterator wants bytes, and there is room for them. */
  get wants(): boolean {
    return (
      this.isIterated && this.#queuedBytes < HIGH_WATER_BYTES && this.#heldDescriptors < MAX_HELD_DESCRIPTORS
    )
  }

  /** It wants bytes, or will when what waits has been taken. */
  get isIterated(): boolean {
    return this.#iterators > 0 && !this.#end
  }

  /** The end, with the error that caused it; chunks may still be queued. */
  get end(): { readonly error: Error | undefined } | undefined {
    return this.#end
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** Reads what is there, without waiting. */
  read(): void {
    for (let left = READS_A_TURN; left > 0 && this.wants; left -= 1) if (!this.#readOnce()) return
  }

  /** Returns false when nothing more is there now, or nothing more comes. */
  #readOnce(): boolean {
    const memory = (room ??= Buffer.allocUnsafeSlow(MEMORY_SIZE))
    try {
      const got = sockets.tryReceiveMessage(this.#handle, memory, this.#taken)
      if (got === undefined) return false
      if (got.bytes === 0) {
        for (const each of got.descriptors) each.close()
        this.finish(undefined)
        return false
      }
      this.#deliver(
        new AncillaryChunk(
          takeRead(memory, got.bytes),
          got.descriptors,
          got.descriptorsTruncated,
          got.credentials,
        ),
      )
      // A read stops before its memory is full at descriptors, at another sender, or when there is no more.
      return got.bytes === memory.length || got.descriptors.length > 0 || this.#settings.credentials
    } catch (error) {
      this.finish(error as Error)
      return false
    }
  }

  #deliver(chunk: AncillaryChunk): void {
    const call = this.#pending.shift()
    if (call) return call.resolve(this.#handOut(chunk))
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.data.length
    this.#heldDescriptors += chunk.descriptorCount
  }

  /** Descriptors of the chunk before are closed unless its receiver has read them. */
  #handOut(chunk: AncillaryChunk): Result {
    this.#last?.closeUnclaimed()
    this.#last = chunk
    return { value: chunk, done: false }
  }

  /** Ends receiving. Queued chunks stay; after them, every call finds the end, or rejects with the error. */
  finish(error: Error | undefined): void {
    if (this.#end) return
    this.#end = { error }
    for (const call of this.#pending.splice(0)) {
      if (error) call.reject(error)
      else call.resolve({ value: undefined, done: true })
    }
  }

  /** Drops the queued chunks, and closes the descriptors that no receiver has read. */
  discard(reason: Error | undefined): void {
    this.finish(reason)
    this.#last?.closeUnclaimed()
    for (const chunk of this.#queue.splice(0)) chunk.closeUnclaimed()
    this.#queuedBytes = this.#heldDescriptors = 0
  }

  iterate(): AsyncIterableIterator<AncillaryChunk> {
    let done = false
    this.#iterators += 1
    this.#onDemand()
    const iterator: AsyncIterableIterator<AncillaryChunk> = {
      next: () => (done ? Promise.resolve({ value: undefined, done: true }) : this.#next()),
      return: () => {
        if (!done) this.#iterators -= 1
        done = true
        this.#onDemand()
        return Promise.resolve({ value: undefined, done: true })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  #next(): Promise<Result> {
    const chunk = this.#queue.shift()
    if (chunk) {
      this.#queuedBytes -= chunk.data.length
      this.#heldDescriptors -= chunk.descriptorCount
      const result = this.#handOut(chunk)
      this.#onDemand()
      return Promise.resolve(result)
    }
    if (this.#end?.error) return Promise.reject(this.#end.error)
    if (this.#end) return Promise.resolve({ value: undefined, done: true })
    const call = Promise.withResolvers<Result>()
    this.#pending.push(call)
    return call.promise
  }
}
