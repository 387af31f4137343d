/** Received frames of a HandleChannel, and the calls that wait for one. */
import { sockets, SocketError, type SocketHandle } from '@uds/winsock-ffi'
import { FrameReader, MAX_HANDLES, type Frame } from './frame.ts'

const READ_SIZE = 65_536

/** Receiving is synchronous: all channels of a thread share this memory. */
let scratch: Buffer | undefined

const lost = (): SocketError =>
  new SocketError({
    code: 'EMFILE',
    syscall: 'receiveHandle',
    detail: 'handles were lost: this process may have no more descriptors open',
    advice: 'close unused descriptors, or raise the limit (ulimit -n)',
  })

const inMidFrame = (): SocketError =>
  new SocketError({
    code: 'EPROTO',
    syscall: 'receiveHandle',
    detail: 'the peer ended in the middle of a message',
  })

/** Reads frames; passes each to the call that has waited longest, or queues it up to a limit. */
export class FrameReceiver {
  readonly #handle: SocketHandle
  readonly #reader: FrameReader
  readonly #maxQueued: number
  readonly #onTaken: () => void
  readonly #queue: Frame[] = []
  readonly #calls: PromiseWithResolvers<Frame | undefined>[] = []
  /** The descriptors of the queued frames. */
  #held = 0
  #end: { readonly error: Error | undefined } | undefined

  /** @param onTaken - Called when a queued frame was taken. */
  constructor(handle: SocketHandle, maxMessageBytes: number, maxQueued: number, onTaken: () => void) {
    this.#handle = handle
    this.#reader = new FrameReader(maxMessageBytes)
    this.#maxQueued = maxQueued
    this.#onTaken = onTaken
  }

  /** There is room for another frame, and one may come. */
  get wants(): boolean {
    return !this.#end && this.#queue.length < this.#maxQueued && this.#held < MAX_HANDLES
  }

  /** The end, with the error that caused it; frames may still be queued. */
  get end(): { readonly error: Error | undefined } | undefined {
    return this.#end
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /**
   * Reads once, without waiting. After a failure {@link FrameReceiver.end} has the error: of the system, `EMFILE` for
   * lost handles, `EPROTO` and `EMSGSIZE` for bytes that are no frame.
   */
  read(): void {
    scratch ??= Buffer.allocUnsafe(READ_SIZE)
    try {
      const got = sockets.tryReceiveMessage(this.#handle, scratch, { maxDescriptors: MAX_HANDLES })
      if (got === undefined) return
      this.#reader.push(Buffer.from(scratch.subarray(0, got.bytes)), got.descriptors)
      if (got.descriptorsTruncated) throw lost()
      for (let frame; (frame = this.#reader.next());) this.#deliver(frame)
      if (got.bytes > 0) return
      if (!this.#reader.atBoundary) throw inMidFrame()
      this.finish(undefined)
    } catch (error) {
      this.finish(error as Error)
    }
  }

  #deliver(frame: Frame): void {
    const call = this.#calls.shift()
    if (call) return call.resolve(frame)
    this.#queue.push(frame)
    this.#held += frame.descriptors.length
  }

  /** Ends receiving. Whole frames stay queued; after them, every call rejects with the error, or finds the end. */
  finish(error: Error | undefined): void {
    if (this.#end) return
    this.#end = { error }
    this.#reader.close()
    for (const call of this.#calls.splice(0)) {
      if (error) call.reject(error)
      else call.resolve(undefined)
    }
  }

  /**
   * Resolves with the next frame, and with undefined at the end.
   *
   * @throws The error that ended the channel; the signal's reason, and nothing is lost.
   */
  async next(signal: AbortSignal | undefined): Promise<Frame | undefined> {
    signal?.throwIfAborted()
    const frame = this.#queue.shift()
    if (frame) {
      this.#held -= frame.descriptors.length
      this.#onTaken()
      return frame
    }
    if (this.#end?.error) throw this.#end.error
    if (this.#end) return undefined
    const call = Promise.withResolvers<Frame | undefined>()
    const abort = (): void => {
      const index = this.#calls.indexOf(call)
      if (index === -1) return
      this.#calls.splice(index, 1)
      call.reject(signal?.reason)
    }
    this.#calls.push(call)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await call.promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Closes the handles of queued frames, and ends with `reason` where nothing ended it before. */
  discard(reason: Error): void {
    this.finish(reason)
    for (const frame of this.#queue.splice(0)) for (const each of frame.descriptors) each.close()
    this.#held = 0
  }
}
