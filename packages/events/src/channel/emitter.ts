/** Emitter: writes events and answers, which are not kept. */
import type { Codec } from '../codecs/codec.ts'
import { failure } from '../errors/errors.ts'
import { encodeFrame, type Encoded, FrameType } from '../wire/frame.ts'
import type { FlowControl } from './flow-control.ts'
import type { ChannelSettings } from './owner.ts'
import { bytesFlag, checkSize, encodePayload } from './payload.ts'

/** Text up to here fits into the smallest frame that a peer may limit itself to (1024 bytes), in any script. */
const SURELY_FITS = 256

/** What is kept of broadcasts for a client that is away. */
export interface MissedLimits {
  /** How many for each client; the oldest goes. */
  readonly limit: number
  /** Milliseconds for which one is kept. */
  readonly maxAgeMs: number
}

/** What is said once and not kept: events, and the answers to requests. */
export class Emitter {
  readonly #flow: FlowControl
  readonly #codec: Codec
  readonly #settings: ChannelSettings

  constructor(flow: FlowControl, codec: Codec, settings: ChannelSettings) {
    this.#flow = flow
    this.#codec = codec
    this.#settings = settings
  }

  /** Sends an event, once at most. False: wait for `drain`. */
  emit(name: string, data: unknown): boolean {
    const flow = this.#flow
    if (flow.closed !== undefined) return flow.afterEnd(flow.closed, 'emit')
    const id = flow.names.idOfEvent('emit', name)
    const payload = encodePayload(this.#codec, data)
    const flags = bytesFlag(data)
    const link = flow.direct()
    if (typeof payload !== 'string' || payload.length > SURELY_FITS) {
      checkSize('emit', payload, flow.mostBytes)
    }
    if (link === undefined) return this.#queue(encodeFrame(FrameType.emit, flags, id, -1, payload), 'emit')
    flow.announce(link, id)
    link.outbox.put(FrameType.emit, flags, id, -1, payload)
    if (flow.takesMore(link)) return true
    flow.wantDrain()
    return false
  }

  /** Keeps the encoded frame of an event for an end that is away: in order with what else waits for it. */
  keepMissed(frame: Uint8Array, { limit, maxAgeMs }: MissedLimits): void {
    const { queue } = this.#flow
    queue.force({ frame, drop: dropped, expiresAt: performance.now() + maxAgeMs })
    if (queue.missed > limit) queue.dropOldestMissed()
  }

  /** Sends the encoded frame of an event to one of many. */
  emitEncoded(frame: Uint8Array, nameId: number): boolean {
    const flow = this.#flow
    if (flow.link === undefined) return true
    const link = flow.direct()
    if (link === undefined) return this.#queue(frame, 'broadcast')
    flow.announce(link, nameId)
    link.outbox.putEncoded(frame)
    return true
  }

  #queue(frame: Uint8Array, action: string): boolean {
    const flow = this.#flow
    const taken = flow.queue.push({ frame, drop: dropped }, action)
    flow.pump()
    const goesOn =
      taken && !flow.queue.full(frame.length) && (flow.link === undefined || flow.queue.length === 0)
    if (!goesOn) flow.wantDrain()
    return goesOn
  }

  /** Sends what belongs to this connection only: a reply, an item. In order with the events. */
  answer(type: number, flags: number, id: number, payload: Encoded): void {
    const flow = this.#flow
    if (flow.link === undefined) return
    const link = flow.direct()
    if (link !== undefined) {
      link.outbox.put(type, flags, 0, id, payload)
      return
    }
    flow.queue.force({ frame: encodeFrame(type, flags, 0, id, payload), drop: undefined, link: true })
    if (flow.queue.linkBytes > this.#settings.outgoing.limitBytes * 2) {
      flow.link.fail(failure('reply', 'ERR_SLOW_CONSUMER', 'replies are asked for and not read'))
      return
    }
    flow.pump()
  }

  /** The value that answers a request, as an answer of this type. */
  answerWith(type: number, id: number, value: unknown): void {
    const payload = encodePayload(this.#codec, value)
    checkSize('reply', payload, this.#flow.mostBytes)
    this.answer(type, bytesFlag(value), id, payload)
  }
}

/** A dropped event is counted by the queue, and nobody waits for it. */
const dropped = (): void => {}
