/** The frames of a HandleChannel that have come, and those who wait for them. */
import { sockets, SocketError, type SocketHandle } from '@uds/winsock-ffi'
import { FrameReader, MAX_HANDLES, type Frame } from './frame.ts'

const READ_SIZE = 65_536

/** Receiving is synchronous, so all channels of the thread share the memory for it. */
let scratch: Buffer | undefined

/** Reads frames, and gives each to whoever has waited longest, or keeps it up to a limit. */
export class FrameReceiver {
  readonly #handle: SocketHandle
  readonly #frames: FrameReader
  readonly #maxQueued: number
  readonly #onRoom: () => void
  readonly #received: Frame[] = []
  readonly #takers: PromiseWithResolvers<Frame | undefined>[] = []
  #ended = false
  #closed: Error | undefined

  /** @param onRoom - Called when a frame was taken. */
  constructor(handle: SocketHandle, maxMessageBytes: number, maxQueued: number, onRoom: () => void) {
    this.#handle = handle
    this.#frames = new FrameReader(maxMessageBytes)
    this.#maxQueued = maxQueued
    this.#onRoom = onRoom
  }

  /** There is room for another frame, and one may come. */
  get wants(): boolean {
    return !this.#ended && this.#received.length < this.#maxQueued
  }

  /**
   * Reads once, without waiting.
   *
   * @throws SocketError of the system; `EMFILE` for lost handles, `EPROTO` and `EMSGSIZE` for what is no frame. Nothing
   *   can be received after it.
   */
  read(): void {
    scratch ??= Buffer.allocUnsafe(READ_SIZE)
    try {
      const got = sockets.receiveMessage(this.#handle, scratch, { maxDescriptors: MAX_HANDLES })
      this.#frames.push(Buffer.from(scratch.subarray(0, got.bytes)), got.descriptors)
      if (got.descriptorsTruncated) {
        throw new SocketError({
          code: 'EMFILE',
          syscall: 'receiveHandle',
          detail: 'handles were lost, as this process may not have more open',
          advice: 'close what is not needed, or raise the limit (ulimit -n)',
        })
      }
      for (let frame; (frame = this.#frames.next());) this.#deliver(frame)
      if (got.bytes === 0) this.#end()
    } catch (error) {
      if (!(error instanceof SocketError && error.code === 'EAGAIN')) throw error
    }
  }

  #deliver(frame: Frame): void {
    const taker = this.#takers.shift()
    if (taker) taker.resolve(frame)
    else this.#received.push(frame)
  }

  /** The peer sends no more. What has come can still be received, and the peer may still read. */
  #end(): void {
    if (!this.#frames.atBoundary) {
      throw new SocketError({
        code: 'EPROTO',
        syscall: 'receiveHandle',
        detail: 'the peer has ended in the middle of a message',
      })
    }
    this.#ended = true
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined)
  }

  /**
   * The next frame; undefined at the end.
   *
   * @throws What ended the channel; the signal's reason, and nothing is lost.
   */
  async next(signal: AbortSignal | undefined): Promise<Frame | undefined> {
    signal?.throwIfAborted()
    const frame = this.#received.shift()
    if (frame) {
      this.#onRoom()
      return frame
    }
    if (this.#ended) return undefined
    if (this.#closed) throw this.#closed
    const taker = Promise.withResolvers<Frame | undefined>()
    const abort = (): void => {
      const index = this.#takers.indexOf(taker)
      if (index === -1) return
      this.#takers.splice(index, 1)
      taker.reject(signal?.reason)
    }
    this.#takers.push(taker)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await taker.promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Closes the handles that nobody has received, and rejects all who wait and will wait. */
  close(reason: Error): void {
    this.#closed = reason
    this.#frames.close()
    for (const frame of this.#received.splice(0)) for (const each of frame.descriptors) each.close()
    for (const taker of this.#takers.splice(0)) taker.reject(reason)
  }
}
