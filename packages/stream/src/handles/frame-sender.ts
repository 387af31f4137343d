/** The frames of a HandleChannel on their way out. */
import {
  invalidArgument,
  outOfRange,
  sockets,
  SocketError,
  type Descriptor,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { duplicate } from '../descriptors/duplicate.ts'
import { encodeHeader } from './frame.ts'

interface PendingFrame {
  /** What is left of the frame. */
  data: Buffer
  descriptors: readonly (number | Descriptor)[]
  /** The copies among them, to be closed. */
  copies: readonly Descriptor[]
  /** A part has gone, and with it the descriptors. */
  begun: boolean
  readonly done: PromiseWithResolvers<void>
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

/** Sends frames in order, and keeps those for which there is no room yet. */
export class FrameSender {
  readonly #handle: SocketHandle
  readonly #queue: PendingFrame[] = []
  readonly #onChange: () => void
  readonly #onBroken: (error: Error) => void

  /**
   * @param onChange - Called when it begins or ceases to wait for room.
   * @param onBroken - Called when half a frame has gone, and nothing that follows would be understood.
   */
  constructor(handle: SocketHandle, onChange: () => void, onBroken: (error: Error) => void) {
    this.#handle = handle
    this.#onChange = onChange
    this.#onBroken = onBroken
  }

  get waits(): boolean {
    return this.#queue.length > 0
  }

  /** @throws TypeError, RangeError for a message that is none; SocketError of the system; the signal's reason. */
  async send(
    message: string | Uint8Array,
    descriptors: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const bytes = bytesOf(message)
    signal?.throwIfAborted()
    const waiting: PendingFrame = {
      data: Buffer.concat([encodeHeader(bytes.length, descriptors.length), bytes]),
      descriptors,
      copies: [],
      begun: false,
      done: Promise.withResolvers<void>(),
    }
    const abort = (): void => {
      if (waiting.begun) return
      this.#queue.splice(this.#queue.indexOf(waiting), 1)
      waiting.done.reject(signal?.reason)
      closeCopies(waiting)
      this.#onChange()
    }
    this.#queue.push(waiting)
    this.flush()
    // Not sent yet: its copies must outlive whatever the caller does to the handles meanwhile.
    if (this.#queue.includes(waiting) && !waiting.begun) {
      waiting.copies = descriptors.map(duplicate)
      waiting.descriptors = waiting.copies
      signal?.addEventListener('abort', abort, { once: true })
    }
    try {
      await waiting.done.promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Sends what there is room for. */
  flush(): void {
    for (let next; (next = this.#queue[0]);) {
      try {
        const sent = next.begun
          ? sockets.send(this.#handle, next.data)
          : sockets.sendMessage(this.#handle, { data: next.data, descriptors: next.descriptors })
        next.begun = true
        next.data = next.data.subarray(sent)
        if (next.data.length > 0) continue
        next.done.resolve()
      } catch (error) {
        if (error instanceof SocketError && error.code === 'EAGAIN') break
        next.done.reject(error)
        if (next.begun) return this.#onBroken(error as Error)
      }
      closeCopies(next)
      this.#queue.shift()
    }
    this.#onChange()
  }

  /** Rejects everything that waits. */
  close(reason: Error): void {
    for (const each of this.#queue.splice(0)) {
      closeCopies(each)
      each.done.reject(reason)
    }
  }
}
