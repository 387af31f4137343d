/** Publisher: what is sent and acknowledged, into the stores; each name has a lane of its own. */
import { DeferError } from '@uds/events'
import type { Adapter, Delivery } from '@uds/events'
import { asError, failure } from '../errors.ts'
import type { Parts } from '../parts/parts.ts'
import { BYTES_HEADER, checkSize, headersOf, sizeOf } from '../payload/payload.ts'
import type { Stores } from '../stores/stores.ts'
import { hashOf, type LocalClient } from '../subjects/clients.ts'
import { escapeToken } from '../subjects/token.ts'
import { Lane, type LaneContext } from './lane.ts'
import { Receivers } from './receivers.ts'

/** Header: the machine and the client that said it, as tokens. */
export const FROM_HEADER = 'Uds-From'

/** Milliseconds for the answer of a store. */
const STORE_MS = 5000
/** When a client sends again what the adapter could not store before it was closed. */
const RETRY_AFTER_MS = 250

/** Where messages go, and when they may. */
interface Place extends Pick<LaneContext, 'ready'> {
  readonly kind: 'sends' | 'work'
  readonly subject: string
}

type Listener = ReturnType<NonNullable<Adapter['listener']>>

export class Publisher {
  readonly #parts: Parts
  readonly #stores: Stores
  readonly #sends: ReadonlySet<string>
  readonly #lanes = new Map<string, Lane>()
  readonly #receivers: Receivers
  readonly #underWay = new Set<(reason: Error) => void>()

  constructor(parts: Parts, stores: Stores) {
    this.#parts = parts
    this.#stores = stores
    this.#sends = new Set(parts.settings.forward.sends)
    this.#receivers = new Receivers(stores)
  }

  /** How many messages are not stored yet. */
  get size(): number {
    let size = 0
    for (const lane of this.#lanes.values()) size += lane.size
    return size
  }

  /** The listener of a message that nobody listens to here: its sender hears when it is stored. */
  listener(name: string): Listener {
    if (!this.#sends.has(name)) return undefined
    return (data, peer, delivery) => this.#send(name, data, peer as LocalClient, delivery)
  }

  #send(name: string, data: unknown, peer: LocalClient, { id = '' }: Delivery): Promise<void> {
    const { clients, space } = this.#parts
    const from = `${space.machine}.${clients.tokenOf(peer)}`
    // The session is a secret; the number behind it makes the id.
    const stable = hashOf(peer.id) + id.slice(id.lastIndexOf(':'))
    const token = escapeToken(name)
    const subject = space.of('s', token)
    const ready = (): Promise<void> => this.#receivers.wait(subject)
    return this.#put({ kind: 'sends', subject, ready }, stable, data, from)
  }

  /** Adds a message to a work queue; resolves when it is stored. */
  push(name: string, id: string, data: unknown): Promise<void> {
    const subject = this.#parts.space.of('w', escapeToken(name))
    const ready = async (): Promise<void> => void (await this.#stores.get('work'))
    return this.#put({ kind: 'work', subject, ready }, id, data, undefined)
  }

  async #put(where: Place, id: string, data: unknown, from: string | undefined): Promise<void> {
    const { engine, payloads } = this.#parts
    const { kind, subject } = where
    const action = kind === 'work' ? 'push' : 'send'
    const { payload, isBytes } = payloads.write(data)
    checkSize(action, sizeOf(payload), engine.maxPayload)
    let lane = this.#lanes.get(subject)
    if (lane === undefined) {
      lane = new Lane(this.#contextOf(where))
      this.#lanes.set(subject, lane)
    }
    this.#checkRoom(action, lane)
    const headers = headersOf({ [BYTES_HEADER]: isBytes ? '1' : undefined, [FROM_HEADER]: from })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    lane.put({ id, payload, headers, resolve, reject })
    await promise
  }

  #contextOf({ kind, subject, ready }: Place): LaneContext {
    const { settings, engine, counting, report } = this.#parts
    return {
      full: settings.stream.full,
      ready,
      publish: async ({ id, payload, headers }) => {
        const { client } = await this.#stores.get(kind)
        const how = { msgID: id, timeout: STORE_MS, ...(headers !== undefined && { headers }) }
        await this.#unlessDown(client.publish(subject, payload, how))
      },
      connected: () => engine.connected,
      stored: () => void counting.stored++,
      report,
    }
  }

  /** The rule that the user chose, where there are more than may wait. Under `wait` the clients' own windows are the bound. */
  #checkRoom(action: string, lane: Lane): void {
    const { policy, limit } = this.#parts.settings.offline
    if (policy === 'wait' || this.#parts.engine.connected || this.size < limit) return
    if (policy === 'fail') throw failure(action, 'ERR_QUEUE_FULL', `${limit} messages wait for nats-server`)
    const dropped = (): Error =>
      failure(action, 'ERR_DROPPED', `${limit} messages wait for nats-server, and the policy is ${policy}`)
    if (policy === 'drop-new') throw dropped()
    lane.dropOldest()?.reject(dropped())
  }

  /** The client lets a publication wait for its whole time when the connection is lost: whether it is stored is not known. */
  #unlessDown(stored: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject)
      const ended = (): void => void this.#underWay.delete(reject)
      stored.then(
        () => (ended(), resolve()),
        (error: unknown) => (ended(), reject(asError(error))),
      )
    })
  }

  /** Everything under way is published again, with the same ids. */
  down(): void {
    const reason = this.#parts.engine.away('store')
    for (const reject of this.#underWay) reject(reason)
    this.#underWay.clear()
  }

  up(): void {
    this.#receivers.forget()
    for (const lane of this.#lanes.values()) lane.pump()
  }

  /** What is not stored stays with the clients, which send it again, with the same ids. */
  close(): void {
    for (const lane of this.#lanes.values())
      lane.close(() => new DeferError({ retryAfterMs: RETRY_AFTER_MS }))
  }
}
