import type { Codec } from '../codecs/codec.ts'
import { asError } from '../errors.ts'
import { encodeFrame, type Encoded, Flag, FrameType, HEADER_ID_BYTES } from '../wire/frame.ts'
import type { FlowControl } from './flow-control.ts'
import type { DurableStore } from './owner.ts'
import { bytesFlag, checkSize, encodePayload } from './payload.ts'
import type { Queued } from './frame-queue.ts'
import { markRedelivered, type SendWindow, type Unacknowledged } from './send-window.ts'

/** What is said and kept until the other end acknowledges it, over one connection after the other. */
export class ReliableSender {
  readonly #flow: FlowControl
  readonly #codec: Codec
  readonly #window: SendWindow
  readonly #durableStore: DurableStore | undefined
  #idle: (() => void)[] = []

  constructor(flow: FlowControl, codec: Codec, window: SendWindow, outlasting: DurableStore | undefined) {
    this.#flow = flow
    this.#codec = codec
    this.#window = window
    this.#durableStore = outlasting
  }

  /** Sends an event that is acknowledged; resolves when its listeners at the other end are done. */
  send(name: string, data: unknown): Promise<void> {
    const flow = this.#flow
    if (flow.closed !== undefined) return Promise.reject(flow.closed)
    let id: number
    let payload: Encoded
    try {
      id = flow.names.idOfEvent('send', name)
      payload = encodePayload(this.#codec, data)
      checkSize('send', payload, flow.mostBytes)
    } catch (error) {
      return Promise.reject(asError(error))
    }
    const flags = bytesFlag(data)
    const size = (payload?.length ?? 0) + HEADER_ID_BYTES
    if (flow.full(size)) return flow.whenFull('send', size, () => this.#send(id, flags, payload))
    return this.#send(id, flags, payload)
  }

  #send(nameId: number, flags: number, payload: Encoded): Promise<void> {
    return new Promise((resolve, reject) => {
      const flow = this.#flow
      const seq = this.#window.next
      this.#durableStore?.add(seq, flow.names.nameOf(nameId), flags, payload)
      const link = flow.direct()
      if (link !== undefined) {
        flow.announce(link, nameId)
        link.outbox.put(FrameType.send, flags, nameId, seq, payload, true)
        const { slab, at, end, own } = link.outbox.placed
        this.#window.add({ seq, slab, at, end, own, written: true, done: false, resolve, reject })
      } else this.#keep(seq, encodeFrame(FrameType.send, flags, nameId, seq, payload), resolve, reject)
    })
  }

  /** Takes a message of an earlier life of this process into the queue; it may have been handled. */
  restore(seq: number, name: string, flags: number, payload: Uint8Array): void {
    const id = this.#flow.names.idOf(name)
    const frame = encodeFrame(FrameType.send, flags | Flag.redelivered, id, seq, payload)
    this.#window.next = seq
    this.#keep(seq, frame, nobody, nobody)
  }

  #keep(seq: number, frame: Buffer, resolve: () => void, reject: (reason: Error) => void): void {
    const entry: Unacknowledged = {
      seq,
      slab: { buffer: frame, pins: 1, lastWrite: 0 },
      at: 0,
      end: frame.length,
      own: undefined,
      written: false,
      done: false,
      resolve,
      reject,
    }
    this.#window.add(entry)
    this.#flow.queueAnyway(this.#queued(entry))
  }

  #queued(entry: Unacknowledged): Queued {
    return {
      frame: entry.slab.buffer.subarray(entry.at, entry.end),
      own: entry.own,
      drop: (reason) => this.settle(entry.seq, 1, reason()),
      sent: () => {
        entry.written = true
      },
      // A message that may have been handled is not dropped to make room.
      keep: entry.written,
    }
  }

  /** Puts what may have been handled before everything that waits, marked. */
  repeat(): void {
    const again = this.#window.open().filter(({ written }) => written)
    for (const entry of again) markRedelivered(entry, Flag.redelivered)
    this.#flow.queue.prepend(again.map((entry) => this.#queued(entry)))
  }

  /** The other end is done with so many messages from this number on, or refused them for a reason. */
  settle(from: number, count: number, reason: Error | undefined): void {
    this.#window.settle(from, count, reason)
    this.#durableStore?.settled(from, count)
    this.#flow.onSettled()
    this.#tellIdle()
  }

  /** Resolves when every message was acknowledged. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#tellIdle()
    })
  }

  #tellIdle(): void {
    if (this.#window.size > 0 || this.#idle.length === 0 || this.#flow.waiting > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Rejects everything. */
  close(reason: Error): void {
    this.#window.clear(reason)
    this.#tellIdle()
  }
}

/** The caller of an earlier life of this process is gone. */
const nobody = (): void => {}
