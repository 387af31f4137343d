/** Channel: one end of a session, over one connection after the other. */
import { setTimeout as sleep } from 'node:timers/promises'
import { disconnection, failure } from '../errors/errors.ts'
import type { Codec, CodecLimits } from '../codecs/codec.ts'
import { connected, type ConnectionMessage } from '../handlers/diagnostics.ts'
import type { Link } from '../wire/link.ts'
import { Acknowledger } from './acknowledger.ts'
import { RequestHandler } from './request-handler.ts'
import { Dispatcher } from './dispatcher.ts'
import { Requester } from './requester.ts'
import { Closed, FlowControl } from './flow-control.ts'
import { MessagePipeline } from './message-pipeline.ts'
import { EventReceiver } from './event-receiver.ts'
import type { ChannelOwner } from './owner.ts'
import { Pings } from './pings.ts'
import { DuplicateFilter } from './duplicate-filter.ts'
import { Emitter } from './emitter.ts'
import { ReliableSender } from './reliable-sender.ts'
import { SendWindow } from './send-window.ts'

/** How often a closing end looks whether everything is done. */
const SETTLE_MS = 5
/** Unacknowledged messages may take this many bytes, whatever the limits of the queue. */
const WINDOW_BYTES = 64 * 1024 * 1024
/** Answers that no flow control holds back may take this many bytes, however small the queue is. */
const LEAST_UNHELD_BYTES = 256 * 1024

/**
 * One end of a session: everything that is said and heard, over one connection after the other. It outlives its
 * connection; what is under way fails at once, or is sent again over the next one, as PROTOCOL.md, "Delivery", says.
 */
export class Channel {
  readonly codec: Codec
  /** What is read of a payload at most. */
  readonly limits: CodecLimits
  readonly duplicates: DuplicateFilter
  readonly sends: SendWindow
  readonly flow: FlowControl
  readonly emitter: Emitter
  readonly sender: ReliableSender
  readonly requester: Requester
  readonly pings: Pings = new Pings()
  readonly #acknowledger: Acknowledger
  readonly events: EventReceiver
  readonly pipeline: MessagePipeline
  readonly #requests: RequestHandler
  readonly #dispatcher: Dispatcher
  readonly #unheldLimit: number
  readonly #owner: ChannelOwner

  constructor(owner: ChannelOwner, codec: Codec, highest: number) {
    const { settings, names, durableStore, checks } = owner
    this.#owner = owner
    const { offline, outgoing, maxUnacknowledged } = settings
    this.codec = codec
    this.limits = settings
    this.duplicates = new DuplicateFilter(highest)
    const windowBytes = Math.max(offline.limitBytes, WINDOW_BYTES)
    this.sends = new SendWindow(maxUnacknowledged, windowBytes)
    this.#unheldLimit = Math.max(outgoing.limitBytes, LEAST_UNHELD_BYTES)
    this.flow = new FlowControl(names, settings, this.sends, () => owner.drained())
    this.emitter = new Emitter(this.flow, codec, settings)
    this.sender = new ReliableSender(this.flow, codec, this.sends, durableStore, (error) =>
      owner.report(error),
    )
    this.requester = new Requester(this.flow, codec, checks?.reply, owner.whyAway)
    this.#acknowledger = new Acknowledger(this.flow)
    this.pipeline = new MessagePipeline(owner.handlers, checks, owner.peer)
    this.events = new EventReceiver(
      owner,
      this.pipeline,
      this.duplicates,
      this.#acknowledger,
      this.flow,
      windowBytes,
    )
    this.#requests = new RequestHandler(owner, this.pipeline, this.flow, this.emitter)
    this.#dispatcher = new Dispatcher(codec, settings, {
      events: this.events,
      requestHandler: this.#requests,
      requester: this.requester,
      sender: this.sender,
      pings: this.pings,
    })
  }

  get link(): Link | undefined {
    return this.flow.link
  }

  /** True when nothing is lost with the session: no numbered message went either way, and none waits. */
  get isEmpty(): boolean {
    return !this.duplicates.used && this.sends.next === 1 && this.flow.queue.length === 0
  }

  /** Bytes that wait in this process. */
  get bufferedBytes(): number {
    return this.flow.queue.bytes + (this.flow.link?.outbox.buffered ?? 0)
  }

  /** Goes on over a new connection: what may have been handled is sent again, marked; then what waits. */
  attach(link: Link): void {
    link.outbox.beforeFlush = () => {
      this.sender.commit()
      this.#acknowledger.flush()
    }
    link.outbox.written = () => this.flow.onDrain()
    link.receiver = this.#dispatcher
    link.outbox.unheldLimit = this.#unheldLimit
    link.outbox.overflow = () => {
      const detail = 'the other end does not read the answers to what it sends'
      link.fail(failure('write', 'ERR_SLOW_CONSUMER', detail))
    }
    this.flow.attach(link)
    if (connected.hasSubscribers) {
      const { handlers, peer } = this.#owner
      const { duplex: connection } = link
      connected.publish({ end: handlers.owner, peer, connection } satisfies ConnectionMessage)
    }
    this.events.holdWhenFull()
    this.sender.repeat()
    this.flow.pump()
  }

  /** The connection is gone. */
  detach(lostFor: Error | undefined): void {
    const reason = disconnection('request', lostFor)
    this.#lostFor = lostFor
    this.flow.detach()
    this.#acknowledger.forget()
    this.events.detach()
    this.#requests.detach()
    this.requester.disconnect(reason, false)
    this.pings.disconnect(reason)
  }

  /** True when nothing is under way in either direction. */
  get idle(): boolean {
    return (
      this.sends.size === 0 &&
      this.flow.queue.length === 0 &&
      this.flow.waiting === 0 &&
      this.requester.size === 0 &&
      this.events.open === 0 &&
      this.#requests.open === 0
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

  #lostFor: Error | undefined

  /** This program closes this end. */
  close(): void {
    this.#close(new Closed(true, undefined))
  }

  /** The other end is gone for good: for this reason, or for that of the lost connection. */
  abandon(reason: Error | undefined = this.#lostFor): void {
    this.#close(new Closed(false, reason))
  }

  /** Ends everything that is under way. */
  #close(closed: Closed): void {
    if (this.flow.closed !== undefined) return
    const reason = closed.error('close')
    this.flow.close(closed, reason)
    this.requester.disconnect(reason, true)
    // First the sender: what it keeps is not dropped from its journal by the queue.
    this.sender.close(reason)
    this.flow.queue.clear(reason)
    this.#acknowledger.forget()
    this.#requests.detach()
  }
}
