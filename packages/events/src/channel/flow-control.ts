/** FlowControl, Closed: what may be sent now, and why nothing may be. */
import { disconnection, type EventsErrorCode, failure } from '../errors/errors.ts'
import { FrameType } from '../wire/frame.ts'
import type { OutgoingNames } from '../wire/interned-names.ts'
import type { Link } from '../wire/link.ts'
import type { ChannelSettings } from './owner.ts'
import { FrameQueue, type Queued } from './frame-queue.ts'
import { nameIdOf, type SendWindow } from './send-window.ts'

/** Why nothing can be sent any more. */
export class Closed {
  /** This program closed this end; else the other end is gone. */
  readonly own: boolean
  readonly reason: Error | undefined

  constructor(own: boolean, reason: Error | undefined) {
    this.own = own
    this.reason = reason
  }

  /** Made for each call, so that its stack shows that call. */
  error(action: string): Error {
    if (this.own) return failure(action, 'ERR_CLOSED', 'this end was closed', this.reason)
    const known = disconnection(action, this.reason)
    if (known !== this.reason) return known
    const { code } = known as { code?: string }
    return failure(action, code as EventsErrorCode, `the other end is gone: ${known.message}`, known)
  }
}

/**
 * What decides whether something that is said goes to the connection now, waits in the queue, or is refused: the
 * bounds, their policies, and `drain`.
 */
export class FlowControl {
  link: Link | undefined
  readonly names: OutgoingNames
  readonly queue: FrameQueue
  readonly #settings: ChannelSettings
  readonly #highWaterMark: number
  readonly #sends: SendWindow
  readonly #drained: () => void
  #closed: Closed | undefined
  #wantsDrain = false
  #room: { readonly go: () => void; readonly reject: (reason: Error) => void }[] = []
  #admitting = false

  constructor(names: OutgoingNames, settings: ChannelSettings, sends: SendWindow, drained: () => void) {
    this.names = names
    this.queue = new FrameQueue(settings.offline)
    this.#settings = settings
    this.#highWaterMark = settings.highWaterMark
    this.#sends = sends
    this.#drained = drained
  }

  /** Why nothing can be said any more; undefined while it can. */
  get closed(): Closed | undefined {
    return this.#closed
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#room.length
  }

  /** The largest frame that the other end reads, or would, as far as this end knows. */
  get mostBytes(): number {
    return this.link?.peerMaxFrame ?? this.#settings.maxFrame
  }

  /** Puts messages that wait for the journal before whatever is sent next, to keep the order. */
  commit: (() => void) | undefined

  /** The connection, while frames may go straight to it. */
  direct(): Link | undefined {
    this.commit?.()
    const link = this.link
    return link !== undefined && this.queue.length === 0 && this.takesMore(link) ? link : undefined
  }

  /** True while less than the high-water mark is on its way; if not, there will be a `drain`. */
  takesMore(link: Link): boolean {
    return link.outbox.buffered < this.#highWaterMark
  }

  /** There will be a `drain`. */
  wantDrain(): void {
    this.#wantsDrain = true
  }

  /** Sends NAME for the id of a name, once on each connection. */
  announce(link: Link, id: number): void {
    if (link.announced[id] === true) return
    link.announced[id] = true
    link.outbox.put(FrameType.name, 0, id, -1, this.names.nameOf(id))
  }

  /** Takes a frame whose result is awaited, whatever the limits: {@link full} was asked before. */
  queueAnyway(item: Queued): void {
    this.queue.force(item)
    this.pump()
  }

  /** True when a message of this size whose result is awaited does not fit, or would overtake others that wait. */
  full(size: number): boolean {
    return this.#room.length > 0 || this.#isFull(size)
  }

  #isFull(size: number): boolean {
    return this.#sends.full || this.queue.full(size)
  }

  /** Does what the policy says with a message whose result is awaited. */
  whenFull(action: string, size: number, write: () => Promise<void>): Promise<void> {
    const { policy, limit } = this.queue.limits
    if (policy === 'wait' && this.#room.length < limit) {
      return new Promise<void>((resolve, reject) => {
        this.#room.push({ go: () => void write().then(resolve, reject), reject })
      })
    }
    if (policy === 'drop-old' && !this.#sends.full && this.queue.makeRoom(size)) return write()
    const code: EventsErrorCode = policy === 'drop-new' ? 'ERR_DROPPED' : 'ERR_QUEUE_FULL'
    if (policy === 'drop-new') this.queue.dropped++
    return Promise.reject(failure(action, code, `the queue is full (policy ${policy})`))
  }

  /** Waits until what was said has left this process; undefined when it has. */
  whenFlowing(): Promise<void> | undefined {
    if (this.link === undefined || this.direct() !== undefined) return undefined
    return new Promise((resolve) => this.#room.push({ go: resolve, reject: () => resolve() }))
  }

  /** Moves what waits to the connection, as far as it takes it; then lets those in who wait for room. */
  pump(): void {
    const link = this.link
    if (link !== undefined) {
      while (this.queue.length > 0 && this.takesMore(link) && !link.closed) {
        const item = this.queue.shift()
        if (item === undefined) break
        if (item.sent?.(link) === false) continue
        const nameId = nameIdOf(item.frame)
        if (nameId !== 0) this.announce(link, nameId)
        link.outbox.putEncoded(item.frame, item.own)
      }
    }
    this.#admit()
  }

  #admit(): void {
    // What is let in takes room, and comes back here.
    if (this.#admitting) return
    this.#admitting = true
    while (this.#room.length > 0 && !this.#isFull(0)) this.#room.shift()?.go()
    this.#admitting = false
    const link = this.link
    if (!this.#wantsDrain || this.#room.length > 0 || this.queue.length > 0) return
    if (link === undefined || link.outbox.buffered > this.#highWaterMark / 2) return
    this.#wantsDrain = false
    this.#drained()
  }

  /** The connection takes more. */
  onDrain(): void {
    if (this.queue.length > 0 || this.#wantsDrain || this.#room.length > 0) this.pump()
  }

  /** Something was acknowledged, so there is room in the window. */
  onSettled(): void {
    if (this.#room.length > 0 || this.#wantsDrain) this.#admit()
  }

  /** Goes on over a new connection. */
  attach(link: Link): void {
    this.link = link
    this.queue.dropExpired()
    this.queue.limits = this.#settings.outgoing
  }

  /** The connection is gone, and with it what was of use on it only. */
  detach(): void {
    this.link = undefined
    this.queue.limits = this.#settings.offline
    this.queue.remove((item) => item.link === true)
  }

  /** Ends sending, and rejects the messages that wait for room. */
  close(closed: Closed, reason: Error): void {
    this.#closed = closed
    for (const { reject } of this.#room.splice(0)) reject(reason)
    if (!this.#wantsDrain) return
    // No room will ever be needed: a caller that waits for it goes on.
    this.#wantsDrain = false
    this.#drained()
  }

  /** An event after the end: an error for a program that closed this end, else dropped and counted. */
  afterEnd(closed: Closed, action: string): boolean {
    if (closed.own) throw closed.error(action)
    this.queue.dropped++
    return true
  }
}
