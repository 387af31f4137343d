/** Frames of a HandleChannel that are sent, or wait for room. */
import {
  invalidArgument,
  outOfRange,
  sockets,
  SocketError,
  type Descriptor,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { duplicateAll } from '../descriptors/duplicate.ts'
import { encodeHeader } from './frame.ts'

interface PendingFrame {
  /** The rest of the frame. */
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

const closeCopies = ({ copies }: PendingFrame): void => {
  for (const each of copies) each.close()
}

const bytesOf = (message: string | Uint8Array): Uint8Array => {
  const bytes = typeof message === 'string' ? Buffer.from(message) : message
  if (!(bytes instanceof Uint8Array))
    throw invalidArgument('sendHandle', 'the message', 'a string or bytes', message)
  if (bytes.length > 0xffff_ffff)
    throw outOfRange('sendHandle', 'the length of the message', '4294967295 bytes at most', bytes.length)
  return bytes
}

/** Sends frames in order, and queues those for which the socket has no room. */
export class FrameSender {
  readonly #handle: SocketHandle
  readonly #limits: SendLimits
  readonly #queue: PendingFrame[] = []
  readonly #onChange: () => void
  readonly #onBroken: (error: Error) => void
  #unsentBytes = 0
  #broken: Error | undefined

  /**
   * @param onChange - Called when it begins or ceases to wait for room.
   * @param onBroken - Called when a part of a frame was sent and the rest cannot be: the peer understands no further one.
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

  /** @throws TypeError, RangeError for a wrong message; SocketError `ENOBUFS` and those of the system; the signal's reason. */
  async send(
    message: string | Uint8Array,
    descriptors: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const bytes = bytesOf(message)
    signal?.throwIfAborted()
    if (this.#broken) throw this.#broken
    this.#requireRoom(bytes.length)
    const pending: PendingFrame = {
      data: Buffer.concat([encodeHeader(bytes.length, descriptors.length), bytes]),
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
        const sent = next.begun
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

  #forget(pending: PendingFrame): void {
    this.#unsentBytes -= pending.data.length
    closeCopies(pending)
  }

  /** The copies outlive whatever the caller does with the handles while the frame waits. */
  #copy(pending: PendingFrame): void {
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
      syscall: 'sendHandle',
      detail: `${waiting} messages of ${this.#unsentBytes} bytes wait already, because the peer does not read`,
      advice: 'await each send, or raise maxUnsent and maxUnsentBytes',
    })
  }
}
