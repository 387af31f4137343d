/** Packets that wait until their receiver has room. */
import {
  sockets,
  SocketError,
  type Descriptor,
  type SenderCredentials,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { Backoff, FULL_RECEIVER_PAUSES } from '@uds/winsock-ffi/internal'
import { duplicateAll } from '../descriptors/duplicate.ts'
import { explainSend } from '../descriptors/explain-send.ts'

/** A packet as the system takes it. */
export interface OutgoingPacket {
  readonly data: Uint8Array
  readonly descriptors: readonly (number | Descriptor)[]
  readonly credentials: SenderCredentials | undefined
}

/** A packet that waits. */
interface PendingPacket extends OutgoingPacket {
  /** Copies, which are closed after the send. */
  readonly descriptors: readonly Descriptor[]
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** The error for a full receiver or a full send buffer: Linux EAGAIN, macOS ENOBUFS. */
const isFull = (error: unknown): boolean =>
  error instanceof SocketError && (error.code === 'EAGAIN' || error.code === 'ENOBUFS')

const closeAll = (descriptors: readonly Descriptor[]): void => {
  for (const each of descriptors) each.close()
}

/** Packets to one destination, in order. A slow receiver delays its own packets only. */
export class SendQueue {
  readonly #handle: SocketHandle
  readonly #to: UnixAddress | undefined
  readonly #queue: PendingPacket[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #pauses = new Backoff(FULL_RECEIVER_PAUSES)
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

  /** Passes a packet to the system; waits while there is no room. */
  async send(
    packet: OutgoingPacket & { readonly descriptors: readonly number[] },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted()
    if (this.#queue.length === 0 && this.#sent(packet)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // The caller may reuse its memory and close its descriptors meanwhile.
    const { credentials } = packet
    const copies = { data: Uint8Array.from(packet.data), descriptors: duplicateAll(packet.descriptors) }
    const waiting: PendingPacket = { ...copies, credentials, resolve, reject }
    this.#queue.push(waiting)
    const abort = (): void => {
      this.#queue.splice(this.#queue.indexOf(waiting), 1)
      closeAll(waiting.descriptors)
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

  /** Sends as many packets as there is room for. */
  flush(): void {
    for (let next; (next = this.#queue[0]);) {
      try {
        if (!this.#sent(next)) break
        next.resolve()
      } catch (error) {
        next.reject(error)
      }
      closeAll(next.descriptors)
      this.#queue.shift()
      this.#pauses.reset()
    }
    this.#settle()
  }

  /** Rejects all packets that wait. */
  close(reason: Error): void {
    clearTimeout(this.#timer)
    for (const each of this.#queue.splice(0)) {
      closeAll(each.descriptors)
      each.reject(reason)
    }
  }

  #sent({ data, descriptors, credentials }: OutgoingPacket): boolean {
    try {
      sockets.sendMessage(this.#handle, { data, descriptors, credentials, to: this.#to })
      return true
    } catch (error) {
      if (isFull(error)) return false
      throw explainSend(error, credentials ? 0 : descriptors.length)
    }
  }

  #settle(): void {
    clearTimeout(this.#timer)
    // poll(2) reports room for a connected socket only; for an address, the only way is to try.
    if (this.#queue.length > 0 && this.#to) {
      this.#timer = setTimeout(() => this.flush(), this.#pauses.next())
    }
    this.#onChange()
  }
}
