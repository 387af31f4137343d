/** Lane: the acknowledged messages of one name on their way into a store, in order, until each is there. */
import type { MsgHdrs } from '@nats-io/transport-node'
import { asError, failure } from '../errors.ts'
import { isForGood, isFull } from '../stores/store-errors.ts'

/** A message that is not stored yet. */
export interface Unstored {
  readonly id: string
  readonly payload: Uint8Array | string
  readonly headers: MsgHdrs | undefined
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** What a lane needs. */
export interface LaneContext {
  readonly full: 'wait' | 'fail'
  /** Publishes with the id; resolves when it is stored, or was before. */
  publish(message: Unstored): Promise<void>
  /** Resolves when messages may be published: the store is there, and a machine wants them. Rejects when that is tried later. */
  ready(): Promise<void>
  /** True while there is a connection. */
  connected(): boolean
  stored(): void
  report(error: Error): void
}

/** Messages of a lane whose answers are waited for. */
const MOST_UNDER_WAY = 512
const RETRY_MS = 250
/** A fault that lasts is reported again after this time. */
const REPORT_MS = 30_000

export class Lane {
  readonly #context: LaneContext
  #waiting: Unstored[] = []
  #head = 0
  #underWay = 0
  /** What failed, and goes before everything that waits. */
  readonly #failed: { readonly at: number; readonly message: Unstored }[] = []
  #next = 0
  #pumping = false
  #timer: NodeJS.Timeout | undefined
  #reportedAt = -Infinity
  #closed = false

  constructor(context: LaneContext) {
    this.#context = context
  }

  /** Those that wait, and those whose answers are waited for. */
  get size(): number {
    return this.#waiting.length - this.#head + this.#underWay + this.#failed.length
  }

  put(message: Unstored): void {
    this.#waiting.push(message)
    this.pump()
  }

  /** Takes the oldest message that was not published. */
  dropOldest(): Unstored | undefined {
    const message = this.#waiting[this.#head]
    if (message !== undefined) this.#head++
    return message
  }

  /** Goes on: there is a connection, or a message. */
  pump(): void {
    if (this.#pumping || this.#closed || this.size === this.#underWay || !this.#context.connected()) return
    // What failed is published again, in order, when nothing is under way.
    if (this.#failed.length > 0 && this.#underWay > 0) return
    void this.#pump()
  }

  /** Never rejects. */
  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      await this.#context.ready()
      this.#takeFailed()
      while (
        this.#head < this.#waiting.length &&
        this.#underWay < MOST_UNDER_WAY &&
        this.#failed.length === 0
      )
        void this.#publish(this.#shift())
    } catch (error) {
      this.#later(asError(error))
    }
    this.#pumping = false
  }

  #takeFailed(): void {
    if (this.#failed.length === 0 || this.#underWay > 0) return
    const again = this.#failed.splice(0).toSorted((a, b) => a.at - b.at)
    this.#waiting = [...again.map(({ message }) => message), ...this.#waiting.slice(this.#head)]
    this.#head = 0
  }

  #shift(): Unstored {
    const message = this.#waiting[this.#head] as Unstored
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return message
  }

  /** Never rejects. */
  async #publish(message: Unstored): Promise<void> {
    const at = this.#next++
    this.#underWay++
    try {
      await this.#context.publish(message)
      this.#underWay--
      this.#context.stored()
      message.resolve()
    } catch (error) {
      this.#underWay--
      if (isForGood(error)) message.reject(asError(error))
      else if (isFull(error) && this.#context.full === 'fail')
        message.reject(
          failure('send', 'ERR_STORE_FULL', `the store takes no more: ${asError(error).message}`, error),
        )
      else {
        this.#failed.push({ at, message })
        this.#later(asError(error))
      }
    }
    this.pump()
  }

  /** Tries again in a moment, and says why, once in a while. */
  #later(error: Error): void {
    const now = performance.now()
    if (this.#context.connected() && now - this.#reportedAt > REPORT_MS) {
      this.#reportedAt = now
      this.#context.report(error)
    }
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.pump()
    }, RETRY_MS).unref()
  }

  /** Ends with everything that was not stored. */
  close(reason: () => Error): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const { message } of this.#failed.splice(0)) message.reject(reason())
    for (const message of this.#waiting.splice(0).slice(this.#head)) message.reject(reason())
    this.#head = 0
  }
}
