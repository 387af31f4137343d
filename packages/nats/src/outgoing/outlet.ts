/** Outlet: events on their way out, joined to batches, held while there is no server or it does not read. */
import type { MsgHdrs } from '@nats-io/transport-node'
import type { Engine } from '../connection/engine.ts'
import {
  type Counting,
  droppedChannel,
  sentChannel,
  type CarriedMessage,
  type DroppedMessage,
} from '../diagnostics.ts'
import { failure } from '../errors.ts'
import type { NatsSettings } from '../options/options.ts'
import { BATCH_HEADER, headersOf, sizeOf } from '../payload/payload.ts'

/** A batch is closed at this size: one message that large costs a server as much as two. */
const BATCH_BYTES = 32 * 1024
/** So many bytes may be written before the server has said that it has read them. */
const UNCONFIRMED_BYTES = 8 * 1024 * 1024
/** After so many the server is asked. */
const ASK_BYTES = 512 * 1024

interface Waiting {
  readonly subject: string
  readonly payload: Uint8Array | string
  readonly headers: MsgHdrs | undefined
  readonly size: number
}

/** The events of this turn with one subject. */
interface Batch {
  readonly subject: string
  readonly items: string[]
  length: number
}

export class Outlet {
  readonly #engine: Engine
  readonly #settings: NatsSettings
  readonly #counting: Counting
  #batch: Batch | undefined
  #waiting: Waiting[] = []
  #head = 0
  #waitingBytes = 0
  #written = 0
  #confirmed = 0
  #asking = false
  #room: (() => void)[] = []
  /** What is put next is taken, however full the queue is. */
  #held = false

  constructor(engine: Engine, settings: NatsSettings, counting: Counting) {
    this.#engine = engine
    this.#settings = settings
    this.#counting = counting
  }

  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /**
   * Says something; it may be joined with what is said next in this turn. False: enough is on its way.
   *
   * @param held - its sender is held back when the queue is full, so this one is taken
   */
  putText(subject: string, text: string, held = false): boolean {
    this.#held ||= held
    const batch = this.#batch
    if (batch !== undefined && batch.subject === subject && batch.length + text.length < BATCH_BYTES) {
      batch.items.push(text)
      batch.length += text.length + 1
    } else {
      this.flushBatch()
      this.#batch = { subject, items: [text], length: text.length + 2 }
      process.nextTick(this.#flushSoon)
    }
    return !this.isFull
  }

  readonly #flushSoon = (): void => this.flushBatch()

  /** Writes what was gathered: before anything else is written, and at the end of the turn. */
  flushBatch(): void {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    const { subject, items } = batch
    if (items.length === 1) this.#put(subject, items[0] as string, undefined)
    else this.#put(subject, `[${items.join(',')}]`, headersOf({ [BATCH_HEADER]: '1' }))
  }

  /** Says something by itself. */
  put(subject: string, payload: Uint8Array | string, headers: MsgHdrs | undefined, held = false): boolean {
    this.flushBatch()
    this.#held = held
    this.#put(subject, payload, headers)
    return !this.isFull
  }

  #put(subject: string, payload: Uint8Array | string, headers: MsgHdrs | undefined): void {
    const item = { subject, payload, headers, size: sizeOf(payload) }
    if (this.waiting === 0 && this.#takes) this.#write(item)
    else this.#wait(item)
    this.#held = false
  }

  get #takes(): boolean {
    return this.#engine.connected && this.#written - this.#confirmed < UNCONFIRMED_BYTES
  }

  /** True when no more should be said until there is {@link room}. */
  get isFull(): boolean {
    const { limit, limitBytes } = this.#settings.offline
    return this.waiting >= limit || this.#waitingBytes >= limitBytes
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#room.push(resolve))
  }

  #wait(item: Waiting): void {
    const { policy } = this.#settings.offline
    if (this.isFull && !this.#held) {
      if (policy !== 'drop-old') {
        this.#dropped(item)
        if (policy !== 'fail') return
        const detail = `${this.waiting} messages wait for nats-server, and this one was dropped`
        throw failure('emit', 'ERR_QUEUE_FULL', detail)
      }
      while (this.isFull && this.waiting > 0) this.#dropped(this.#shift())
    }
    this.#waiting.push(item)
    this.#waitingBytes += item.size
  }

  #dropped({ subject }: Waiting): void {
    this.#counting.dropped++
    if (!droppedChannel.hasSubscribers) return
    const { channel, machine, offline } = this.#settings
    droppedChannel.publish({ channel, machine, subject, policy: offline.policy } satisfies DroppedMessage)
  }

  #shift(): Waiting {
    const item = this.#waiting[this.#head] as Waiting
    this.#head++
    this.#waitingBytes -= item.size
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #write({ subject, payload, headers, size }: Waiting): void {
    this.#engine.publish(subject, payload, headers === undefined ? undefined : { headers })
    this.#written += size + subject.length
    this.#counting.sent++
    this.#counting.sentBytes += size
    if (sentChannel.hasSubscribers) {
      const { channel, machine } = this.#settings
      sentChannel.publish({ channel, machine, subject, bytes: size } satisfies CarriedMessage)
    }
    if (!this.#asking && this.#written - this.#confirmed > ASK_BYTES) void this.#ask()
  }

  /** Asks whether the server has read what was written: that is its back-pressure. Never rejects. */
  async #ask(): Promise<void> {
    this.#asking = true
    const written = this.#written
    try {
      await this.#engine.flush()
      this.#confirmed = written
    } catch {
      // The connection is lost: down() counts anew.
    }
    this.#asking = false
    this.pump()
  }

  /** Writes what waits, as far as the server takes it. */
  pump(): void {
    while (this.waiting > 0 && this.#takes) this.#write(this.#shift())
    if (this.#room.length === 0 || this.isFull) return
    for (const resolve of this.#room.splice(0)) resolve()
  }

  /** The connection is lost, and what the client had not written with it. */
  down(): void {
    this.#written = 0
    this.#confirmed = 0
  }

  /** Nothing goes out any more: lets everybody go who waits. */
  close(): void {
    this.#batch = undefined
    this.#waiting = []
    this.#head = 0
    this.#waitingBytes = 0
    for (const resolve of this.#room.splice(0)) resolve()
  }
}
