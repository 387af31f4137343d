import { sockets, SocketError, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'

/** A packet that waits until there is room for it. */
interface PendingPacket {
  readonly data: Uint8Array
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** What a full receiver or a full send buffer answers: Linux EAGAIN, macOS ENOBUFS (winsock-ffi maps both). */
const isFull = (error: unknown): boolean =>
  error instanceof SocketError && (error.code === 'EAGAIN' || error.code === 'ENOBUFS')

/** Milliseconds between two tries, where the system does not tell when a receiver has room again. */
const FIRST_RETRY_MS = 1
const LONGEST_RETRY_MS = 32

/**
 * Packets on their way to one destination, in order. A receiver that reads slowly holds up its own only.
 */
export class SendQueue {
  readonly #handle: SocketHandle
  readonly #to: UnixAddress | undefined
  readonly #queue: PendingPacket[] = []
  #timer: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  /** Called when the queue begins or ceases to wait. */
  readonly #onChange: () => void

  constructor(handle: SocketHandle, to: UnixAddress | undefined, onChange: () => void) {
    this.#handle = handle
    this.#to = to
    this.#onChange = onChange
  }

  get length(): number {
    return this.#queue.length
  }

  /** Gives a packet to the system; waits while there is no room. */
  async send(data: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#queue.length === 0 && this.#sent(data)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // The caller may use its memory again, as it may when the system takes it at once.
    const waiting: PendingPacket = { data: Uint8Array.from(data), resolve, reject }
    this.#queue.push(waiting)
    const abort = (): void => {
      this.#queue.splice(this.#queue.indexOf(waiting), 1)
      reject(signal?.reason)
      this.#settle()
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#settle()
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Sends what there is room for. */
  flush(): void {
    for (let next; (next = this.#queue[0]);) {
      try {
        if (!this.#sent(next.data)) break
        next.resolve()
      } catch (error) {
        next.reject(error)
      }
      this.#queue.shift()
      this.#retryMs = FIRST_RETRY_MS
    }
    this.#settle()
  }

  /** Rejects everything that waits. */
  close(reason: Error): void {
    clearTimeout(this.#timer)
    for (const each of this.#queue.splice(0)) each.reject(reason)
  }

  #sent(data: Uint8Array): boolean {
    try {
      sockets.sendMessage(this.#handle, { data, to: this.#to })
      return true
    } catch (error) {
      if (isFull(error)) return false
      throw error
    }
  }

  #settle(): void {
    clearTimeout(this.#timer)
    // poll(2) tells of room for a connected socket only; for an address one has to try.
    if (this.#queue.length > 0 && this.#to) {
      this.#timer = setTimeout(() => this.flush(), this.#retryMs)
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS)
    }
    this.#onChange()
  }
}
