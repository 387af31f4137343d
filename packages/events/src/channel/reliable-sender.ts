/** ReliableSender: messages with a number, sent again until they are acknowledged. */
import type { Codec } from '../codecs/codec.ts'
import { asError, quietly } from '../errors/errors.ts'
import type { KeptMessage, StoredMessage } from '../journal/sent-journal.ts'
import { LONGEST_TIMER } from '../options.ts'
import { encodeFrame, type Encoded, Flag, FrameType, HEADER_ID_BYTES } from '../wire/frame.ts'
import type { FlowControl } from './flow-control.ts'
import type { DurableStore } from './owner.ts'
import { bytesFlag, checkSize, encodePayload } from './payload.ts'
import type { Queued } from './frame-queue.ts'
import { markRedelivered, type SendWindow, type Unacknowledged } from './send-window.ts'

/** What is sent and kept until the other end acknowledges it, over one connection after the other. */
export class ReliableSender {
  readonly #flow: FlowControl
  readonly #codec: Codec
  readonly #window: SendWindow
  readonly #durableStore: DurableStore | undefined
  readonly #report: (error: Error) => void
  /** Messages of this tick that the store does not have yet. */
  #uncommitted: { readonly entry: Unacknowledged; readonly message: StoredMessage }[] = []
  readonly #deferred = new Map<number, NodeJS.Timeout>()
  #closed = false
  #idle: (() => void)[] = []

  /** @param report - receives errors that no caller awaits */
  constructor(
    flow: FlowControl,
    codec: Codec,
    window: SendWindow,
    durableStore: DurableStore | undefined,
    report: (error: Error) => void,
  ) {
    this.#flow = flow
    this.#codec = codec
    this.#window = window
    this.#durableStore = durableStore
    this.#report = report
  }

  /** Sends an event that is acknowledged; resolves when its listeners at the other end are done. */
  send(name: string, data: unknown): Promise<void> {
    const flow = this.#flow
    const { closed } = flow
    if (closed !== undefined) {
      const rejected = Promise.reject<void>(closed.error('send'))
      // The program cannot know that the other end has gone; that it closed its own end it should.
      return closed.own ? rejected : quietly(rejected)
    }
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
    if (flow.full(size)) return quietly(flow.whenFull('send', size, () => this.#send(id, flags, payload)))
    return this.#send(id, flags, payload)
  }

  #send(nameId: number, flags: number, payload: Encoded): Promise<void> {
    const flow = this.#flow
    const seq = this.#window.next
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#durableStore !== undefined) {
      const entry = entryOf(seq, encodeFrame(FrameType.send, flags, nameId, seq, payload), resolve, reject)
      entry.promise = promise
      this.#window.add(entry)
      this.#store({ entry, message: { seq, name: flow.names.nameOf(nameId), flags, payload } })
      return promise
    }
    const link = flow.direct()
    if (link !== undefined) {
      flow.announce(link, nameId)
      link.outbox.put(FrameType.send, flags, nameId, seq, payload, true)
      const { slab, at, end, own } = link.outbox.placed
      this.#window.add({ seq, slab, at, end, own, written: true, done: false, promise, resolve, reject })
      return promise
    }
    const entry = entryOf(seq, encodeFrame(FrameType.send, flags, nameId, seq, payload), resolve, reject)
    entry.promise = promise
    this.#window.add(entry)
    flow.queueAnyway(this.#queued(entry))
    return promise
  }

  /** Keeps a message until the end of the tick, or until something else is sent: what is gathered is one transaction. */
  #store(uncommitted: { readonly entry: Unacknowledged; readonly message: StoredMessage }): void {
    this.#uncommitted.push(uncommitted)
    if (this.#uncommitted.length > 1) return
    this.#flow.commit = () => this.commit()
    process.nextTick(() => this.commit())
  }

  /** Writes what is gathered to the store, then lets it go out; what cannot be stored is rejected, and never sent. */
  commit(): void {
    if (this.#uncommitted.length === 0) return
    const all = this.#uncommitted
    this.#uncommitted = []
    this.#flow.commit = undefined
    try {
      this.#durableStore?.add(all.map(({ message }) => message))
    } catch (error) {
      this.#report(asError(error))
      for (const { entry } of all) this.#window.settle(entry.seq, 1, asError(error))
      this.#afterSettling()
      return
    }
    for (const { entry } of all) if (!entry.done) this.#flow.queueAnyway(this.#queued(entry))
  }

  /** Takes a message of an earlier life of this process into the queue; it may have been handled. */
  restore({ seq, name, flags, payload }: KeptMessage): void {
    const id = this.#flow.names.idOf(name)
    const frame = encodeFrame(FrameType.send, flags | Flag.redelivered, id, seq, payload)
    this.#window.next = seq
    // The caller of that life is gone, so a refusal is reported; at the close of this end the message stays stored.
    const entry = entryOf(seq, frame, noop, (reason) => {
      if (!this.#closed) this.#report(reason)
    })
    this.#window.add(entry)
    this.#flow.queueAnyway(this.#queued(entry))
  }

  #queued(entry: Unacknowledged): Queued {
    return {
      frame: entry.slab.buffer.subarray(entry.at, entry.end),
      own: entry.own,
      drop: (reason) => {
        if (!this.#closed) this.settle(entry.seq, 1, reason())
      },
      sent: () => {
        entry.written = true
        return undefined
      },
      // A message that may have been handled is not dropped to make room.
      keep: entry.written,
    }
  }

  /** The other end puts a message off: it is sent again, marked, after so many milliseconds. */
  defer(seq: number, retryAfterMs: number): void {
    const entry = this.#window.find(seq)
    if (entry === undefined) return
    const again = (): void => {
      this.#deferred.delete(seq)
      if (entry.done || this.#closed) return
      markRedelivered(entry, Flag.redelivered)
      this.#flow.queueAnyway(this.#queued(entry))
    }
    clearTimeout(this.#deferred.get(seq))
    // Without a connection that keeps the process alive nothing waits for it.
    this.#deferred.set(seq, setTimeout(again, Math.min(retryAfterMs, LONGEST_TIMER)).unref())
  }

  #stopDeferred(): void {
    for (const timer of this.#deferred.values()) clearTimeout(timer)
    this.#deferred.clear()
  }

  /** Puts what may have been handled before everything that waits, marked. */
  repeat(): void {
    // Those that were put off are among them.
    this.#stopDeferred()
    const again = this.#window.open().filter(({ written }) => written)
    for (const entry of again) markRedelivered(entry, Flag.redelivered)
    this.#flow.queue.prepend(again.map((entry) => this.#queued(entry)))
  }

  /** The other end is done with so many messages from this number on, or refused them for a reason. */
  settle(from: number, count: number, reason: Error | undefined): void {
    this.#window.settle(from, count, reason)
    this.#durableStore?.settled(from, count)
    this.#afterSettling()
  }

  #afterSettling(): void {
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

  /** Rejects everything; what is stored stays so. */
  close(reason: Error): void {
    this.commit()
    this.#closed = true
    this.#stopDeferred()
    this.#window.clear(reason)
    this.#tellIdle()
  }
}

const entryOf = (
  seq: number,
  frame: Buffer,
  resolve: () => void,
  reject: (reason: Error) => void,
): Unacknowledged => ({
  seq,
  slab: { buffer: frame, pins: 1, lastWrite: 0 },
  at: 0,
  end: frame.length,
  own: undefined,
  written: false,
  done: false,
  promise: undefined,
  resolve,
  reject,
})

const noop = (): void => {}
