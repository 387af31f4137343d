/** EventReceiver: events that arrive meet their listeners and are acknowledged. */
import { asError, DeferError, failure, toWire } from '../errors/errors.ts'
import type { Delivery } from '../handlers/handler.ts'
import { isThenable } from '../handlers/listeners.ts'
import { isReserved } from '../names.ts'
import { DEFER_OPTION } from '../wire/handshake-messages.ts'
import type { Link } from '../wire/link.ts'
import type { Acknowledger } from './acknowledger.ts'
import type { FlowControl } from './flow-control.ts'
import type { MessagePipeline } from './message-pipeline.ts'
import type { ChannelOwner } from './owner.ts'
import type { DuplicateFilter } from './duplicate-filter.ts'

/** What becomes of the events that arrive: listeners, and for those that were sent with a number an answer. */
export class EventReceiver {
  readonly #owner: ChannelOwner
  readonly #pipeline: MessagePipeline
  readonly #duplicates: DuplicateFilter
  readonly #acknowledger: Acknowledger
  readonly #flow: FlowControl
  readonly #limit: number
  readonly #limitBytes: number
  #open = 0
  #openBytes = 0
  /** The connection that is not read until enough of its messages are handled. */
  #held: Link | undefined

  /** @param limitBytes - the most bytes of messages that are being handled */
  constructor(
    owner: ChannelOwner,
    pipeline: MessagePipeline,
    duplicates: DuplicateFilter,
    acknowledger: Acknowledger,
    flow: FlowControl,
    limitBytes: number,
  ) {
    this.#owner = owner
    this.#pipeline = pipeline
    this.#duplicates = duplicates
    this.#acknowledger = acknowledger
    this.#flow = flow
    this.#limit = owner.settings.maxUnacknowledged
    this.#limitBytes = limitBytes
  }

  /** How many messages are being handled whose sender waits. */
  get open(): number {
    return this.#open
  }

  event(name: string, data: unknown): void {
    const single = this.#pipeline.isEmpty ? this.#owner.handlers.eventListeners.single(name) : undefined
    try {
      const result =
        single === undefined
          ? this.#pipeline.run('emit', name, data, false, (checked) => this.#callAll(name, checked))
          : single(...this.#owner.listenerArguments(data, { name, kind: 'emit', redelivered: false }))
      if (isThenable(result)) result.then(undefined, this.#report)
    } catch (error) {
      this.#report(error)
    }
  }

  readonly #report = (error: unknown): void => this.#owner.report(asError(error))

  #callAll(name: string, data: unknown): unknown {
    refuseReserved(name)
    const { eventListeners, others } = this.#owner.handlers
    const args = this.#owner.listenerArguments(data, { name, kind: 'emit', redelivered: false })
    const single = eventListeners.single(name)
    if (single !== undefined) return single(...args)
    if (!eventListeners.has(name)) {
      const elsewhere = this.#owner.elsewhere?.()?.listener(name, 'emit')
      if (elsewhere !== undefined) return this.#hold((elsewhere as (...all: unknown[]) => unknown)(...args))
      if (others !== undefined) return others(name, ...args)
    }
    return eventListeners.call(name, args, this.#report)
  }

  /** Nothing more of the connection is read until the result is there: its reader has no other way to say "wait". */
  #hold(result: unknown): unknown {
    if (!isThenable(result)) return result
    const { link } = this.#flow
    link?.hold()
    const release = (): void => link?.release()
    result.then(release, release)
    return result
  }

  /** The message of the last {@link isNew} was put off before. */
  #again = false

  /** True for a message that was not seen before; else answers the sender once more. */
  isNew(seq: number): boolean {
    const receipts = this.#duplicates
    this.#again = false
    if (seq > receipts.highest) {
      receipts.highest = seq
      return true
    }
    if (receipts.takeDeferred(seq)) {
      this.#again = true
      return true
    }
    const known = receipts.known(seq)
    if (known === 'done') this.#acknowledger.done(seq)
    else if (known !== 'open') this.#acknowledger.refused(seq, known)
    return false
  }

  /** @param size - the bytes of the payload */
  send(name: string, seq: number, data: unknown, repeated: boolean, size: number): void {
    const receipts = this.#duplicates
    const again = this.#again
    const redelivered = again || (repeated && seq < receipts.freshFrom)
    const { inbox, session } = this.#owner
    let settled = false
    let later = false
    const succeeded = (): void => {
      settled = true
      if (later) {
        receipts.end(seq)
        this.#ended(size)
      }
      this.#acknowledger.done(seq)
    }
    const failed = (error: unknown): void => {
      settled = true
      if (later) this.#ended(size)
      const may = this.#flow.link?.knows(DEFER_OPTION) !== false && receipts.deferredCount < this.#limit
      if (error instanceof DeferError && may) {
        receipts.defer(seq)
        this.#acknowledger.deferred(seq, error.retryAfterMs)
        return
      }
      const told = toWire(error)
      receipts.failed(seq, told)
      this.#acknowledger.refused(seq, told)
      this.#report(error)
    }
    const deliver = (transaction: unknown): unknown =>
      this.#pipeline.run('send', name, data, redelivered, (checked) =>
        this.#deliver(name, checked, {
          name,
          kind: 'send',
          id: `${session}:${seq}`,
          redelivered,
          transaction,
        }),
      )
    try {
      // What goes elsewhere has no effect in this journal, and would hold up what has one.
      const result =
        inbox === undefined || this.#goesElsewhere(name) ? deliver(undefined) : inbox.run(seq, deliver)
      if (isThenable(result)) result.then(succeeded, failed)
      else succeeded()
    } catch (error) {
      failed(error)
    }
    if (!settled) {
      later = true
      this.#open++
      this.#openBytes += size
      receipts.open(seq)
      this.holdWhenFull()
    }
  }

  /**
   * Stops reading while as many messages are being handled as may be: the sender feels it, whatever its own bound is.
   */
  holdWhenFull(): void {
    if (this.#held !== undefined || (this.#open < this.#limit && this.#openBytes < this.#limitBytes)) return
    this.#held = this.#flow.link
    this.#held?.hold()
  }

  #ended(size: number): void {
    this.#open--
    this.#openBytes -= size
    if (this.#held === undefined) return
    if (this.#open > this.#limit / 2 || this.#openBytes > this.#limitBytes / 2) return
    this.#held.release()
    this.#held = undefined
  }

  /** The connection is gone. */
  detach(): void {
    this.#held = undefined
  }

  #goesElsewhere(name: string): boolean {
    const elsewhere = this.#owner.elsewhere?.()
    if (elsewhere === undefined || this.#owner.handlers.eventListeners.has(name)) return false
    return elsewhere.listener(name, 'send') !== undefined
  }

  /** A message that another server has taken from its sender: throws, or rejects, with what its listeners throw. */
  deliver(
    name: string,
    data: unknown,
    message: Pick<Delivery, 'id' | 'redelivered' | 'transaction'>,
  ): unknown {
    return this.#pipeline.run('send', name, data, message.redelivered, (checked) =>
      this.#deliver(name, checked, { name, kind: 'send', ...message }),
    )
  }

  /** Passes a message to its listeners; throws, or rejects, with the first of their errors. */
  #deliver(name: string, data: unknown, delivery: Delivery): unknown {
    const listeners = this.#owner.handlers.eventListeners
    refuseReserved(name)
    const args = this.#owner.listenerArguments(data, delivery)
    const single = listeners.single(name)
    if (single !== undefined) return single(...args)
    if (!listeners.has(name)) {
      const elsewhere = this.#owner.elsewhere?.()?.listener(name, 'send')
      if (elsewhere !== undefined) return (elsewhere as (...all: unknown[]) => unknown)(...args)
      const { others } = this.#owner.handlers
      if (others !== undefined) return others(name, ...args)
      throw failure('deliver', 'ERR_NO_HANDLER', `nobody listens to '${name}'`)
    }
    const errors: unknown[] = []
    const result = listeners.call(name, args, (error) => errors.push(error))
    const raise = (): void => {
      for (const error of errors.slice(1)) this.#report(error)
      if (errors.length > 0) throw errors[0]
    }
    if (result !== undefined) return result.then(raise)
    raise()
    return undefined
  }
}

const refuseReserved = (name: string): void => {
  if (isReserved(name)) throw failure('read', 'ERR_INVALID_NAME', `the event name '${name}' is reserved`)
}
