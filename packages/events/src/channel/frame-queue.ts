/** FrameQueue: frames that wait, and the policy of a full queue. */
import { checkOptions, invalidValue, optionNames } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { count } from '../options.ts'
import type { Link } from '../wire/link.ts'

/**
 * What to do when a queue is full:
 * - `wait` (default): `send` and `request` wait for room; `emit` has said `false` long before, and throws now
 * - `drop-old`: the oldest message goes
 * - `drop-new`: this message goes
 * - `fail`: `send` and `request` reject, `emit` throws
 *
 * A dropped `send` rejects with `ERR_DROPPED`; dropped `emit`s are counted in `dropped`.
 */
export type QueuePolicy = 'wait' | 'drop-old' | 'drop-new' | 'fail'

/** How much may wait, and what to do with more. */
export interface QueueOptions {
  /** @default 'wait' */
  readonly policy?: QueuePolicy | undefined
  /** The most messages. */
  readonly limit?: number | undefined
  /** The most bytes. */
  readonly limitBytes?: number | undefined
}

/** {@link QueueOptions} with everything filled in. */
export interface QueueLimits {
  readonly policy: QueuePolicy
  readonly limit: number
  readonly limitBytes: number
}

const QUEUE_OPTIONS = optionNames<QueueOptions>({ policy: true, limit: true, limitBytes: true })

const policies: readonly string[] = ['wait', 'drop-old', 'drop-new', 'fail']

/** Checks queue options and fills in the defaults. */
export const queueLimits = (
  where: string,
  what: string,
  options: QueueOptions | undefined,
  defaults: QueueLimits,
): QueueLimits => {
  checkOptions(options, where, QUEUE_OPTIONS, `${what}.`)
  const { policy = defaults.policy } = options ?? {}
  if (!policies.includes(policy)) {
    throw invalidValue(where, `${what}.policy`, `must be ${policies.join(', ')}`, policy)
  }
  return {
    policy,
    limit: count(where, `${what}.limit`, options?.limit, defaults.limit),
    limitBytes: count(where, `${what}.limitBytes`, options?.limitBytes, defaults.limitBytes),
  }
}

/** A frame that waits. */
export interface Queued {
  readonly frame: Uint8Array
  /** Bytes that follow the frame, from their own memory. */
  readonly own?: Uint8Array | undefined
  /** Called when the message is dropped; undefined: the frame may not be dropped. */
  readonly drop: ((reason: () => Error) => void) | undefined
  /** Called when the message goes out, just before; false: it does not. */
  readonly sent?: ((link: Link) => false | undefined) | undefined
  /** It belongs to this connection, and is of no use on the next one. */
  readonly link?: boolean | undefined
  /** The request that it is. */
  readonly call?: number | undefined
  /** A broadcast that its receiver missed: of no use from this time of `performance.now()` on. */
  readonly expiresAt?: number | undefined
  /** It is not dropped to make room, only when everything ends. */
  readonly keep?: boolean | undefined
}

const sizeOf = ({ frame, own }: Queued): number => frame.length + (own?.length ?? 0)

/** A bounded first-in first-out queue of frames. */
export class FrameQueue {
  limits: QueueLimits
  /** Messages that were dropped so far. */
  dropped = 0

  #items: (Queued | undefined)[] = []
  #head = 0
  #length = 0
  #bytes = 0
  #linkBytes = 0
  #missed = 0

  constructor(limits: QueueLimits) {
    this.limits = limits
  }

  get length(): number {
    return this.#length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of frames that belong to this connection: answers, which no policy drops. */
  get linkBytes(): number {
    return this.#linkBytes
  }

  /** Broadcasts that the receiver missed. */
  get missed(): number {
    return this.#missed
  }

  dropOldestMissed(): void {
    const at = this.#items.findIndex((item) => item?.expiresAt !== undefined)
    const item = this.#items[at]
    if (item === undefined) return
    this.#take(at, item)
    this.dropped++
  }

  /** Removes broadcasts that are too old. */
  dropExpired(): void {
    if (this.#missed === 0) return
    const now = performance.now()
    const before = this.#missed
    this.remove(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
    this.dropped += before - this.#missed
  }

  #count(item: Queued, sign: 1 | -1): void {
    const bytes = sizeOf(item) * sign
    this.#length += sign
    this.#bytes += bytes
    if (item.link === true) this.#linkBytes += bytes
    if (item.expiresAt !== undefined) this.#missed += sign
  }

  /** True when a message of this size does not fit any more; the first always does. */
  full(size: number): boolean {
    const { limit, limitBytes } = this.limits
    return this.#length >= limit || (this.#length > 0 && this.#bytes + size > limitBytes)
  }

  /**
   * Adds a message, or does what the policy says.
   *
   * @returns false when this message was dropped
   * @throws SocketError `ERR_QUEUE_FULL`
   */
  push(item: Queued, action: string): boolean {
    const size = sizeOf(item)
    if (this.full(size)) {
      const { policy, limit, limitBytes } = this.limits
      if (policy === 'drop-new') {
        this.dropped++
        return false
      }
      if (policy !== 'drop-old' || !this.makeRoom(size)) {
        throw failure(
          action,
          'ERR_QUEUE_FULL',
          `the queue is full (${limit} messages or ${limitBytes} bytes); wait for 'drain' when emit returns false`,
        )
      }
    }
    this.force(item)
    return true
  }

  /** Adds what may not be lost, whatever the limits. */
  force(item: Queued): void {
    this.#items.push(item)
    this.#count(item, 1)
  }

  /** Takes the oldest. */
  shift(): Queued | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]
      this.#items[this.#head++] = undefined
      if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
        this.#items = this.#items.slice(this.#head)
        this.#head = 0
      }
      if (item !== undefined) {
        this.#count(item, -1)
        return item
      }
    }
    this.#items = []
    this.#head = 0
    return undefined
  }

  /** Drops everything, with this reason. */
  clear(reason: Error): void {
    for (let item = this.shift(); item !== undefined; item = this.shift()) item.drop?.(() => reason)
  }

  /** Puts messages before all others, whatever the limits. */
  prepend(items: readonly Queued[]): void {
    if (items.length === 0) return
    this.#items = [...items, ...this.#items.slice(this.#head)]
    this.#head = 0
    for (const item of items) this.#count(item, 1)
  }

  /** Removes messages without calling `drop`. */
  remove(which: (item: Queued) => boolean): void {
    for (let at = this.#head; at < this.#items.length; at++) {
      const item = this.#items[at]
      if (item !== undefined && which(item)) this.#take(at, item)
    }
  }

  #take(at: number, item: Queued): void {
    this.#items[at] = undefined
    this.#count(item, -1)
  }

  /** Drops the oldest messages until one of this size fits; false when that cannot be done. */
  makeRoom(size: number): boolean {
    for (let at = this.#head; at < this.#items.length && this.full(size); at++) {
      const item = this.#items[at]
      if (item?.drop === undefined || item.keep === true) continue
      this.#take(at, item)
      this.dropped++
      item.drop(droppedAsOldest)
    }
    while (this.#head < this.#items.length && this.#items[this.#head] === undefined) this.#head++
    return !this.full(size)
  }
}

// Made only when it is read: most dropped messages are events, and an Error costs more than they do.
const droppedAsOldest = (): Error =>
  failure('send', 'ERR_DROPPED', 'the queue was full, and this was the oldest message in it')
