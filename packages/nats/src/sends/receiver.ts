/** Receiver: stored messages of other machines, handled once here, acknowledged when that is certain. */
import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { DeferError } from '@uds/events'
import { asError, failure } from '../errors.ts'
import type { Parts } from '../parts/parts.ts'
import { countReceived } from '../parts/received.ts'
import { firstDifference } from '../stores/compare.ts'
import type { Stores } from '../stores/stores.ts'
import { readClient } from '../subjects/clients.ts'
import { escapeToken, unescapeToken } from '../subjects/token.ts'
import { backOff } from './back-off.ts'
import type { DeadLetters } from './dead-letters.ts'
import { FROM_HEADER } from './publisher.ts'
import { Seen } from './seen.ts'
import { stillWorking } from './still-working.ts'

/** How often a machine says, within `ackWaitMs`, that it still works on a message. */
const WORKING_PARTS = 3
/** Milliseconds for the answer to an acknowledgement; without one the message comes again, and is known. */
const CONFIRM_MS = 5000
const MOST_PENDING = 1000
const RETRY_MS = 1000
/** When a message comes again that nobody listens to any more. */
const UNHEARD_MS = 5000
/** How often a message is tried whose listener throws; then it is a dead letter. */
const MOST_ATTEMPTS = 5

export class Receiver {
  readonly #parts: Parts
  readonly #stores: Stores
  readonly #dead: DeadLetters
  readonly #seen = new Seen()
  /** Ids that are being handled, with every delivery of them. */
  readonly #open = new Map<string, JsMsg[]>()
  #wanted: string[] = []
  #messages: ConsumerMessages | undefined
  #running: Promise<void> | undefined
  #closed = false
  #again = Promise.withResolvers<void>()
  #working: NodeJS.Timeout | undefined

  constructor(parts: Parts, stores: Stores, dead: DeadLetters) {
    this.#parts = parts
    this.#stores = stores
    this.#dead = dead
  }

  begin(): void {
    this.changed()
  }

  /** Listeners have come or gone. What this machine once wanted is kept for it: it may listen again. */
  changed(): void {
    const { settings, space, host } = this.#parts
    const here = host()
    const wanted = settings.forward.sends
      .filter((name) => here.listens(name))
      .map((name) => space.of('s', escapeToken(name)))
    if (wanted.every((subject) => this.#wanted.includes(subject))) return
    this.#wanted = [...new Set([...this.#wanted, ...wanted])]
    if (this.#running === undefined) this.#running = this.#run()
    else this.restart()
  }

  /** Begins anew: with another connection, or other subjects. */
  restart(): void {
    this.#messages?.stop()
    this.#again.resolve()
  }

  /** Resolves when the consumer of this machine is there: what is sent from then on waits for it. */
  get ready(): Promise<void> {
    return this.#wanted.length === 0 ? Promise.resolve() : this.#ready.promise
  }

  #ready = Promise.withResolvers<void>()

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#working = setInterval(
      () => this.#stillWorking(),
      this.#parts.settings.stream.ackWaitMs / WORKING_PARTS,
    ).unref()
    while (!this.#closed) {
      this.#again = Promise.withResolvers<void>()
      try {
        await this.#receive()
      } catch (error) {
        const { engine, report } = this.#parts
        if (engine.connected && !this.#closed) report(asError(error))
      }
      if (this.#closed) break
      const timer = setTimeout(this.#again.resolve, RETRY_MS).unref()
      await this.#again.promise
      clearTimeout(timer)
    }
    clearInterval(this.#working)
  }

  async #receive(): Promise<void> {
    if (!this.#parts.engine.connected) return
    const { stream, client } = await this.#stores.get('sends')
    await this.#consumer()
    const consumer = await client.consumers.get(stream, this.#parts.space.machine)
    const messages = await consumer.consume({
      max_messages: MOST_PENDING / 2,
      abort_on_missing_resource: true,
    })
    this.#messages = messages
    this.#ready.resolve()
    try {
      for await (const message of messages) {
        if (this.#closed) break
        void this.#handle(message)
      }
    } finally {
      this.#messages = undefined
      void messages.close().catch(() => {})
    }
  }

  /** Makes the durable consumer of this machine, or adds what it wants besides. */
  async #consumer(): Promise<void> {
    const { stream, manager } = await this.#stores.get('sends')
    const { machine } = this.#parts.space
    const known = await manager.consumers.info(stream, machine).catch((error: unknown) => {
      if ((error as Error).name === 'ConsumerNotFoundError') return undefined
      throw error
    })
    const before =
      known?.config.filter_subjects ??
      (known?.config.filter_subject === undefined ? [] : [known.config.filter_subject])
    const filter_subjects = [...new Set([...before, ...this.#wanted])].toSorted()
    if (known !== undefined && filter_subjects.length === before.length) return
    const { ackWaitMs } = this.#parts.settings.stream
    const asked = {
      ack_wait: nanos(ackWaitMs),
      max_deliver: -1,
      max_ack_pending: MOST_PENDING,
      filter_subjects,
    }
    const { config } =
      known === undefined
        ? await manager.consumers.add(stream, {
            ...asked,
            durable_name: machine,
            ack_policy: AckPolicy.Explicit,
            deliver_policy: DeliverPolicy.New,
          })
        : await manager.consumers.update(stream, machine, asked)
    const got = {
      ...config,
      filter_subjects: (config.filter_subjects ?? [config.filter_subject ?? '']).toSorted(),
    }
    const different = firstDifference(asked, got)
    if (different === undefined) return
    throw failure('store', 'ERR_UNSUPPORTED_SERVER', `nats-server made a consumer whose ${different}`)
  }

  #stillWorking(): void {
    for (const deliveries of this.#open.values()) for (const message of deliveries) stillWorking(message)
  }

  /** Never rejects: what goes wrong makes the message come again. */
  async #handle(message: JsMsg): Promise<void> {
    const { space, host, report } = this.#parts
    try {
      countReceived(this.#parts, message)
      const name = unescapeToken(space.tokensOf(message.subject)[0] ?? '')
      const id = message.headers?.get('Nats-Msg-Id') || `${space.machine}#${message.seq}`
      if (name === undefined) return message.term('a subject that no bridge writes')
      const same = this.#open.get(id)
      if (same !== undefined) return void same.push(message)
      if (this.#seen.has(id)) return await this.#acknowledge([message])
      if (!host().listens(name)) return message.nak(UNHEARD_MS)
      const deliveries = [message]
      this.#open.set(id, deliveries)
      try {
        await this.#deliver(name, id, message)
        this.#seen.add(id)
        this.#parts.counting.handled++
        this.#open.delete(id)
        await this.#acknowledge(deliveries)
      } catch (error) {
        this.#open.delete(id)
        await this.#failed(name, id, message, asError(error))
      }
    } catch (error) {
      report(asError(error))
    }
  }

  async #deliver(name: string, id: string, message: JsMsg): Promise<void> {
    const { payloads, host } = this.#parts
    const [machine = '', client = ''] = (message.headers?.get(FROM_HEADER) ?? '').split('.')
    const from = readClient(machine, client) ?? { id: `${machine}/?`, machine: 'unknown', name: undefined }
    await host().send(name, payloads.read(message), from, { id, redelivered: message.redelivered })
  }

  /** Confirmed: an acknowledgement that was lost would make a message come again after the id is forgotten. */
  async #acknowledge(deliveries: readonly JsMsg[]): Promise<void> {
    await Promise.all(deliveries.map((message) => message.ackAck({ timeout: CONFIRM_MS }).catch(() => false)))
  }

  async #failed(name: string, id: string, message: JsMsg, error: Error): Promise<void> {
    if (this.#closed) return
    if (error instanceof DeferError) return message.nak(error.retryAfterMs)
    const attempts = message.info.deliveryCount
    if (attempts < MOST_ATTEMPTS) {
      this.#parts.report(error)
      return message.nak(backOff(attempts))
    }
    const data = this.#parts.payloads.read(message)
    await this.#dead.bury({ kind: 'send', name, id, data, attempts, error }, message.data, message.headers)
    this.#seen.add(id)
    message.term(error.message.slice(0, 200))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.restart()
    await this.#running
  }
}
