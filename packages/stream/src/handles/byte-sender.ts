/** Bytes with descriptors on a stream, which are sent or wait for room. */
import { sockets, SocketError, type Descriptor, type SocketHandle } from '@uds/winsock-ffi'
import { duplicateAll } from '../descriptors/duplicate.ts'
import { explainSend } from '../descriptors/explain-send.ts'
import { keepBytes } from './spare-memory.ts'

interface PendingSend {
  /** The rest of the bytes. */
  data: Uint8Array
  /** Copies of the descriptors, which are sent with the first byte and then closed. */
  readonly copies: readonly Descriptor[]
  /** Frees the memory of the bytes. */
  readonly release: (() => void) | undefined
  /** A part was sent, and with it the descriptors. */
  begun: boolean
  readonly done: PromiseWithResolvers<void>
}

/** The bounds of what waits because the peer does not read. */
export interface SendLimits {
  readonly maxUnsent: number
  readonly maxUnsentBytes: number
}

const NONE: readonly never[] = []

const closeCopies = ({ copies }: PendingSend): void => {
  for (const each of copies) each.close()
}

/** Sends in order, and queues the sends for which the socket has no room. */
export class ByteSender {
  readonly #handle: SocketHandle
  readonly #limits: SendLimits
  readonly #queue: PendingSend[] = []
  readonly #onChange: () => void
  readonly #onBroken: (error: Error) => void
  #unsentBytes = 0
  #broken: Error | undefined

  /**
   * @param onChange - Called when it begins or ceases to wait for room.
   * @param onBroken - Called when a part of a send was sent and the rest cannot be: no further one may follow.
   */
  constructor(
    handle: SocketHandle,
    limits: SendLimits,
    onChange: () => void,
    onBroken: (error: Error) => void,
  ) {
    this.#handle = handle
    this.#limits = limits
    this.#onChange = onChange
    this.#onBroken = onBroken
  }

  get waits(): boolean {
    return this.#queue.length > 0
  }

  /**
   * Sends bytes; the descriptors go with the first of them.
   *
   * @returns Undefined when all are sent; otherwise resolves when they are.
   * @param shared - The caller may change the bytes after the call.
   * @throws SocketError `ENOBUFS` when too much waits, and those of the system; the signal's reason.
   */
  send(
    data: Uint8Array,
    descriptors: readonly number[],
    signal: AbortSignal | undefined,
    shared: boolean,
  ): Promise<void> | undefined {
    signal?.throwIfAborted()
    if (this.#broken) throw this.#broken
    const sent = this.#queue.length === 0 ? this.#sendNow(data, descriptors) : 0
    if (sent === data.length) return undefined
    if (this.#queue.length > 0) this.#requireRoom(data.length)
    // The caller may reuse its memory and close its descriptors while the rest waits.
    const copies = sent === 0 ? duplicateAll(descriptors) : NONE
    const rest = data.subarray(sent)
    const { bytes, release } = shared ? keepBytes(rest) : { bytes: rest, release: undefined }
    const done = Promise.withResolvers<void>()
    return this.#wait({ data: bytes, copies, release, begun: sent > 0, done }, signal)
  }

  async #wait(pending: PendingSend, signal: AbortSignal | undefined): Promise<void> {
    const abort = (): void => {
      const at = this.#queue.indexOf(pending)
      if (at < 0 || pending.begun) return
      this.#queue.splice(at, 1)
      pending.done.reject(signal?.reason)
      this.#forget(pending)
      this.#onChange()
    }
    this.#queue.push(pending)
    this.#unsentBytes += pending.data.length
    if (!pending.begun) signal?.addEventListener('abort', abort, { once: true })
    this.#onChange()
    try {
      await pending.done.promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Sends what there is room for.
   *
   * @returns How many bytes were sent, and with the first of them the descriptors; 0 when there is no room.
   */
  #sendNow(data: Uint8Array, descriptors: readonly (number | Descriptor)[]): number {
    if (descriptors.length === 0) return sockets.trySend(this.#handle, data) ?? 0
    try {
      return sockets.sendMessage(this.#handle, { data, descriptors })
    } catch (error) {
      if (error instanceof SocketError && error.code === 'EAGAIN') return 0
      throw explainSend(error, descriptors.length)
    }
  }

  /** Sends what waits, as much as the socket has room for. */
  flush(): void {
    for (let next; (next = this.#queue[0]);) {
      try {
        const sent = this.#sendNow(next.data, next.begun ? NONE : next.copies)
        if (sent === 0) break
        next.begun = true
        next.data = next.data.subarray(sent)
        this.#unsentBytes -= sent
        if (next.data.length > 0) continue
        next.done.resolve()
      } catch (error) {
        if (next.begun) return this.#break(error as Error)
        next.done.reject(error)
      }
      this.#queue.shift()
      this.#forget(next)
    }
    this.#onChange()
  }

  /** Rejects all that wait, and every later send. */
  close(reason: Error): void {
    this.#broken ??= reason
    for (const each of this.#queue.splice(0)) {
      this.#forget(each)
      each.done.reject(reason)
    }
  }

  #break(error: Error): void {
    this.close(error)
    this.#onBroken(error)
  }

  #forget(pending: PendingSend): void {
    this.#unsentBytes -= pending.data.length
    pending.release?.()
    closeCopies(pending)
  }

  #requireRoom(length: number): void {
    const { maxUnsent, maxUnsentBytes } = this.#limits
    const waiting = this.#queue.length
    if (waiting < maxUnsent && this.#unsentBytes + length <= maxUnsentBytes) return
    throw new SocketError({
      code: 'ENOBUFS',
      syscall: 'send',
      detail: `${waiting} sends of ${this.#unsentBytes} bytes wait already, because the peer does not read`,
      advice: 'await each send, or raise maxUnsent and maxUnsentBytes',
    })
  }
}
