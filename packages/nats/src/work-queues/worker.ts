/** Worker: takes messages of a work queue, one for each free hand, in competition with the workers of other machines. */
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { DeferError } from '@uds/events'
import { asError, failure } from '../errors.ts'
import type { Parts } from '../parts/parts.ts'
import { countReceived } from '../parts/received.ts'
import { backOff } from '../sends/back-off.ts'
import { stillWorking } from '../sends/still-working.ts'
import type { DeadLetters } from '../sends/dead-letters.ts'
import { firstDifference } from '../stores/compare.ts'
import type { Stores } from '../stores/stores.ts'
import { shortName } from '../subjects/subject-space.ts'
import { escapeToken } from '../subjects/token.ts'
import type { WorkHandler, WorkSettings } from './options.ts'

/** A hand asks anew after this time; so long a worker that stops waits at most. */
const EXPIRES_MS = 1000
const RETRY_MS = 500
const CONFIRM_MS = 5000
/** How often a worker says, within `ackWaitMs`, that it still works on a message. */
const WORKING_PARTS = 3

export class Worker {
  readonly #name: string
  readonly #handler: WorkHandler
  readonly #settings: WorkSettings
  readonly #parts: Parts
  readonly #stores: Stores
  readonly #dead: DeadLetters
  readonly #hands: Promise<void>[]
  #stopped = false

  // oxlint-disable-next-line max-params
  constructor(
    name: string,
    handler: WorkHandler,
    settings: WorkSettings,
    parts: Parts,
    stores: Stores,
    dead: DeadLetters,
  ) {
    this.#name = name
    this.#handler = handler
    this.#settings = settings
    this.#parts = parts
    this.#stores = stores
    this.#dead = dead
    this.#hands = Array.from({ length: settings.concurrency }, () => this.#work())
  }

  /** One hand; never rejects. */
  async #work(): Promise<void> {
    const { engine, report } = this.#parts
    let consumer: Consumer | undefined
    while (!this.#stopped) {
      try {
        consumer ??= await this.#consumer()
        const message = await consumer.next({ expires: EXPIRES_MS })
        if (message !== null) await this.#handle(message)
      } catch (error) {
        consumer = undefined
        if (this.#stopped) break
        if (engine.connected) report(asError(error))
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }

  /** The consumer that all workers of the queue share. */
  async #consumer(): Promise<Consumer> {
    const { space, settings } = this.#parts
    const { stream, manager, client } = await this.#stores.get('work')
    const token = escapeToken(this.#name)
    const durable_name = shortName(token)
    const asked = {
      durable_name,
      filter_subject: space.of('w', token),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(settings.stream.ackWaitMs),
      // Counted here: a message whose last worker dies has to reach the next, to become a dead letter.
      max_deliver: -1,
      max_ack_pending: -1,
    }
    const { config } = await manager.consumers.add(stream, asked)
    const different = firstDifference(asked, config)
    if (different !== undefined)
      throw failure('work', 'ERR_UNSUPPORTED_SERVER', `nats-server made a consumer whose ${different}`)
    return await client.consumers.get(stream, durable_name)
  }

  async #handle(message: JsMsg): Promise<void> {
    if (this.#stopped) return message.nak()
    const { payloads, counting, settings } = this.#parts
    countReceived(this.#parts, message)
    const id = message.headers?.get('Nats-Msg-Id') || String(message.seq)
    const attempt = message.info.deliveryCount
    const working = setInterval(
      () => stillWorking(message),
      settings.stream.ackWaitMs / WORKING_PARTS,
    ).unref()
    try {
      if (attempt > this.#settings.maxDeliver)
        throw failure('work', 'ERR_DEAD_LETTER', 'the worker of its last attempt died')
      await this.#handler(payloads.read(message), { name: this.#name, id, attempt })
      counting.handled++
      await message.ackAck({ timeout: CONFIRM_MS }).catch(() => false)
    } catch (error) {
      await this.#failed(message, id, attempt, asError(error))
    } finally {
      clearInterval(working)
    }
  }

  /** Rejects when it cannot be stored as a dead letter: then it comes again. */
  async #failed(message: JsMsg, id: string, attempt: number, error: Error): Promise<void> {
    const { maxDeliver, backoffMs, deadLetter } = this.#settings
    if (attempt < maxDeliver) {
      if (error instanceof DeferError) return message.nak(error.retryAfterMs)
      return message.nak(backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? backOff(attempt))
    }
    const data = this.#parts.payloads.read(message)
    const letter = {
      kind: 'work',
      name: this.#name,
      id,
      data,
      attempts: Math.min(attempt, maxDeliver),
      error,
    } as const
    await this.#dead.bury(letter, message.data, message.headers)
    message.term(error.message.slice(0, 200))
    try {
      deadLetter?.(letter)
    } catch (thrown) {
      this.#parts.report(asError(thrown))
    }
  }

  /** Finishes what it has, and takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#hands)
  }
}
