/** Bytes with descriptors on a stream, which are sent or wait for room. */
import { sockets, SocketError, type Descriptor, type SocketHandle } from '@uds/winsock-ffi'
import { duplicateAll } from '../descriptors/duplicate.ts'
import { explainSend } from '../descriptors/explain-send.ts'

interface PendingSend {
  /** The rest of the bytes. */
  data: Buffer
  descriptors: readonly (number | Descriptor)[]
  /** The copies among them, which are closed after the send. */
  copies: readonly Descriptor[]
  /** A part was sent, and with it the descriptors. */
  begun: boolean
  readonly done: PromiseWithResolvers<void>
}

/** The bounds of what waits because the peer does not read. */
export interface SendLimits {
  readonly maxUnsent: number
  readonly maxUnsentBytes: number
}

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
   * @param shared - The caller may change the bytes after the call.
   * @throws SocketError `ENOBUFS` when too much waits, and those of the system; the signal's reason.
   */
  async send(
    data: Buffer,
    descriptors: readonly number[],
    signal: AbortSignal | undefined,
    shared: boolean,
  ): Promise<void> {
    signal?.throwIfAborted()
    if (this.#broken) throw this.#broken
    this.#requireRoom(data.length)
    const pending: PendingSend = {
      data,
      descriptors,
      copies: [],
      begun: false,
      done: Promise.withResolvers<void>(),
    }
    const abort = (): void => {
      if (pending.begun) return
      this.#queue.splice(this.#queue.indexOf(pending), 1)
      pending.done.reject(signal?.reason)
      this.#forget(pending)
      this.#onChange()
    }
    this.#queue.push(pending)
    this.#unsentBytes += pending.data.length
    this.flush()
    // The caller may reuse its memory and close its descriptors while the rest waits.
    if (shared && this.#queue.includes(pending)) pending.data = Buffer.from(pending.data)
    if (this.#queue.includes(pending) && !pending.begun) {
      this.#copy(pending)
      signal?.addEventListener('abort', abort, { once: true })
    }
    try {
      await pending.done.promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Sends as much as the socket has room for. */
  flush(): void {
    for (let next; (next = this.#queue[0]);) {
      try {
        const plain = next.begun || next.descriptors.length === 0
        const sent = plain
          ? sockets.send(this.#handle, next.data)
          : sockets.sendMessage(this.#handle, { data: next.data, descriptors: next.descriptors })
        next.begun = true
        next.data = next.data.subarray(sent)
        this.#unsentBytes -= sent
        if (next.data.length > 0) continue
        next.done.resolve()
      } catch (error) {
        if (error instanceof SocketError && error.code === 'EAGAIN') break
        if (next.begun) return this.#break(error as Error)
        next.done.reject(explainSend(error, next.descriptors.length))
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
    closeCopies(pending)
  }

  /** A send that waits keeps copies of its descriptors. */
  #copy(pending: PendingSend): void {
    try {
      pending.copies = duplicateAll(pending.descriptors as readonly number[])
      pending.descriptors = pending.copies
    } catch (error) {
      this.#queue.splice(this.#queue.indexOf(pending), 1)
      pending.done.reject(error)
      this.#forget(pending)
      this.#onChange()
    }
  }

  #requireRoom(length: number): void {
    const { maxUnsent, maxUnsentBytes } = this.#limits
    const waiting = this.#queue.length
    if (waiting === 0 || (waiting < maxUnsent && this.#unsentBytes + length <= maxUnsentBytes)) return
    throw new SocketError({
      code: 'ENOBUFS',
      syscall: 'send',
      detail: `${waiting} sends of ${this.#unsentBytes} bytes wait already, because the peer does not read`,
      advice: 'await each send, or raise maxUnsent and maxUnsentBytes',
    })
  }
}
