import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '../codecs/codec.ts'
import { type Link, lost } from '../wire/link.ts'
import { Acks } from './acknowledger.ts'
import { Answering } from './request-handler.ts'
import { Arriving } from './dispatcher.ts'
import { Calling } from './requester.ts'
import { Flow } from './flow-control.ts'
import { Gate } from './message-pipeline.ts'
import { Incoming } from './event-receiver.ts'
import type { ChannelOwner, Outlasting } from './owner.ts'
import { Pings } from './pings.ts'
import { Receipts } from './duplicate-filter.ts'
import { Saying } from './emitter.ts'
import { Sending } from './reliable-sender.ts'
import { SendWindow } from './send-window.ts'

/** How often a closing end looks whether everything is done. */
const SETTLE_MS = 5
/** Unacknowledged messages may take this much memory, whatever the queue is told. */
const WINDOW_BYTES = 64 * 1024 * 1024

/**
 * One end of a session: everything that is said and heard, over one connection after the other. It outlives its
 * connection; what is under way is told at once, or sent again over the next one, as the delivery rules say.
 */
export class Channel {
  readonly codec: Codec
  readonly receipts: Receipts
  readonly sends: SendWindow
  readonly flow: Flow
  readonly saying: Saying
  readonly sending: Sending
  readonly calling: Calling
  readonly pings: Pings = new Pings()
  readonly #acks: Acks
  readonly #incoming: Incoming
  readonly #answering: Answering
  readonly #arriving: Arriving
  readonly #outlasting: Outlasting | undefined

  constructor(owner: ChannelOwner, codec: Codec, highest: number) {
    const { settings, names, outlasting, checks } = owner
    const { offline, maxUnacknowledged } = settings
    this.codec = codec
    this.#outlasting = outlasting
    this.receipts = new Receipts(highest)
    this.sends = new SendWindow(maxUnacknowledged, Math.max(offline.limitBytes, WINDOW_BYTES))
    this.flow = new Flow(names, settings, this.sends, () => owner.drained())
    this.saying = new Saying(this.flow, codec, settings)
    this.sending = new Sending(this.flow, codec, this.sends, outlasting)
    this.calling = new Calling(this.flow, codec, checks?.reply)
    this.#acks = new Acks(this.flow)
    const gate = new Gate(owner.hearing, checks, owner.peer)
    this.#incoming = new Incoming(owner, gate, this.receipts, this.#acks)
    this.#answering = new Answering(owner, gate, this.flow, this.saying)
    this.#arriving = new Arriving(codec, settings, {
      incoming: this.#incoming,
      answering: this.#answering,
      calling: this.calling,
      sending: this.sending,
      pings: this.pings,
    })
  }

  get link(): Link | undefined {
    return this.flow.link
  }

  /** Bytes that wait in this process. */
  get bufferedBytes(): number {
    return this.flow.queue.bytes + (this.flow.link?.outbox.buffered ?? 0)
  }

  /** Goes on over a new connection: what may have been handled is sent again, marked; then what waits. */
  attach(link: Link): void {
    const outlasting = this.#outlasting
    if (outlasting !== undefined) link.outbox.beforeWrite = () => outlasting.commit()
    link.outbox.beforeFlush = () => this.#acks.flush()
    this.flow.attach(link)
    this.sending.repeat()
    this.flow.pump()
  }

  /** Takes one frame. */
  frame(link: Link, buffer: Buffer, start: number, end: number): void {
    this.#arriving.frame(link, buffer, start, end)
  }

  /** The connection is gone. */
  detach(reason: Error = lost()): void {
    this.flow.detach()
    this.#acks.forget()
    this.#answering.detach()
    this.calling.disconnect(reason, false)
    this.pings.disconnect(reason)
  }

  /** True when nothing is under way in either direction. */
  get idle(): boolean {
    return (
      this.sends.size === 0 &&
      this.flow.queue.length === 0 &&
      this.flow.waiting === 0 &&
      this.calling.size === 0 &&
      this.#incoming.open === 0 &&
      this.#answering.open === 0
    )
  }

  /** Resolves when nothing is under way any more, or the connection is gone, or the time is over. */
  async settled(graceMs: number): Promise<void> {
    const end = performance.now() + graceMs
    for (
      let left = graceMs;
      this.link !== undefined && !this.idle && left > 0;
      left = end - performance.now()
    ) {
      await sleep(Math.min(SETTLE_MS, Math.ceil(left)))
    }
  }

  /** Ends everything that is under way. */
  close(reason: Error): void {
    if (this.flow.closed !== undefined) return
    this.flow.close(reason)
    this.calling.disconnect(reason, true)
    this.flow.queue.clear(reason)
    this.sending.close(reason)
    this.#acks.forget()
    this.#answering.detach()
  }
}
