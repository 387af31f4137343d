/** Bridge: the Adapter that a server is joined with, and the parts behind it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, AdapterHost, AdapterPeer, RemoteClient, RoomBroadcast } from '@uds/events'
import type { NatsConnection } from '@nats-io/transport-node'
import { Broadcasts } from '../broadcasts/broadcasts.ts'
import { Emits } from '../broadcasts/emits.ts'
import { Engine } from '../connection/engine.ts'
import { connectionChannel, Counting, type NatsConnectionMessage, type NatsCounters } from '../diagnostics.ts'
import { failure } from '../errors.ts'
import type { NatsSettings } from '../options/options.ts'
import { Outlet } from '../outgoing/outlet.ts'
import type { Parts } from '../parts/parts.ts'
import { Payloads } from '../payload/payload.ts'
import { Answerer } from '../requests/answerer.ts'
import { Caller } from '../requests/caller.ts'
import { type DeadLetter, DeadLetters } from '../sends/dead-letters.ts'
import { Publisher } from '../sends/publisher.ts'
import { Receiver } from '../sends/receiver.ts'
import { Stores } from '../stores/stores.ts'
import { ClientTokens } from '../subjects/clients.ts'
import type { WorkHandler, WorkSettings } from '../work-queues/options.ts'
import { Worker } from '../work-queues/worker.ts'
import { SubjectSpace } from '../subjects/subject-space.ts'

/** How long another bridge with the same name may take to say so. */
const NAME_MS = 300

/** How long workers may take to finish what they have when the adapter is closed. */
const STOP_MS = 2000

/** What a bridge reports to the program. */
export interface BridgeEvents {
  connection(connected: boolean): void
  deadLetter(letter: DeadLetter): void
  report(error: Error): void
}

export class Bridge implements Adapter {
  readonly settings: NatsSettings
  readonly #events: BridgeEvents
  readonly #instance = randomUUID()
  readonly #parts: Parts
  readonly #broadcasts: Broadcasts
  readonly #emits: Emits
  readonly #caller: Caller
  readonly #answerer: Answerer
  readonly #stores: Stores
  readonly #publisher: Publisher
  readonly #receiver: Receiver
  readonly #dead: DeadLetters
  readonly #workers = new Set<Worker>()
  #host: AdapterHost | undefined
  #closed = false
  #refused: Error | undefined

  constructor(settings: NatsSettings, events: BridgeEvents) {
    this.settings = settings
    this.#events = events
    const space = new SubjectSpace(settings.prefix, settings.channel, settings.machine)
    const counting = new Counting()
    const engine = new Engine(settings.connect, `uds ${settings.channel} ${settings.machine}`, {
      admit: (connection) => this.#admit(connection),
      up: (server) => this.#up(server),
      down: () => this.#down(),
      refused: (error) => this.#refuse(error),
      report: (error) => events.report(error),
    })
    const parts: Parts = {
      settings,
      space,
      engine,
      outlet: new Outlet(engine, settings, counting),
      payloads: new Payloads(settings.codec),
      clients: new ClientTokens(),
      counting,
      host: () => this.#hostNow(),
      report: (error) => events.report(error),
    }
    this.#parts = parts
    this.#broadcasts = new Broadcasts(parts)
    this.#emits = new Emits(parts)
    this.#caller = new Caller(parts)
    this.#answerer = new Answerer(parts)
    this.#stores = new Stores(engine, settings, space)
    this.#dead = new DeadLetters(this.#stores, space, (letter) => events.deadLetter(letter))
    this.#publisher = new Publisher(parts, this.#stores)
    this.#receiver = new Receiver(parts, this.#stores, this.#dead)
  }

  get connected(): boolean {
    return this.#parts.engine.connected
  }

  get counters(): NatsCounters {
    const { outlet, counting } = this.#parts
    return {
      sent: counting.sent,
      sentBytes: counting.sentBytes,
      received: counting.received,
      receivedBytes: counting.receivedBytes,
      dropped: counting.dropped,
      stored: counting.stored,
      handled: counting.handled,
      disconnects: counting.disconnects,
      waiting: outlet.waiting,
      waitingBytes: outlet.waitingBytes,
      unstored: this.#publisher.size,
    }
  }

  #hostNow(): AdapterHost {
    if (this.#host === undefined) throw failure('deliver', 'ERR_CLOSED', 'the server is not joined any more')
    return this.#host
  }

  // ---- the engine ----

  /** Connects; resolves at the first connection or when that takes too long, rejects when it is refused. */
  async start(): Promise<void> {
    await this.#parts.engine.start(this.settings.connectTimeoutMs)
    if (!this.connected || this.settings.forward.sends.length === 0) return
    // What is wrong with the store is said now, where a caller waits; later it is reported.
    await this.#stores.get('sends')
    await this.#receiver.ready
  }

  /** Two bridges with one name would each take what the other said for its own. */
  async #admit(connection: NatsConnection): Promise<void> {
    const { space } = this.#parts
    const answer = await connection
      .request(space.of('i', space.machine), '', { timeout: NAME_MS })
      .then((message) => message.string())
      .catch(() => this.#instance)
    if (answer === this.#instance) return
    const detail = `another bridge of this channel is connected as '${this.settings.machine}': give one of them another machine`
    throw failure('connect', 'ERR_MACHINE_TAKEN', detail)
  }

  #up(server: string): void {
    this.#parts.outlet.pump()
    this.#publisher.up()
    this.#receiver.restart()
    this.#events.connection(true)
    this.#publishConnection(server)
  }

  #down(): void {
    const { outlet, counting, engine } = this.#parts
    counting.disconnects++
    outlet.down()
    this.#stores.down()
    this.#publisher.down()
    this.#caller.down(engine.away('request'))
    this.#answerer.down()
    if (!this.#closed) this.#events.connection(false)
    this.#publishConnection(undefined)
  }

  #publishConnection(server: string | undefined): void {
    if (!connectionChannel.hasSubscribers) return
    const { channel, machine } = this.settings
    const connected = server !== undefined
    connectionChannel.publish({ channel, machine, connected, server } satisfies NatsConnectionMessage)
  }

  #refuse(error: Error): void {
    this.#refused = error
    this.#parts.outlet.close()
    this.#events.report(error)
  }

  /** Why it does not try again, if so. */
  get refused(): Error | undefined {
    return this.#refused
  }

  /** Resolves when nothing waits, and the server has read what was written. */
  async flush(): Promise<void> {
    const { outlet, engine } = this.#parts
    outlet.flushBatch()
    await engine.flush()
  }

  // ---- work ----

  async push(name: string, data: unknown, id: string): Promise<void> {
    if (this.#closed) throw failure('push', 'ERR_CLOSED', 'the adapter was closed')
    await this.#publisher.push(name, id, data)
  }

  work(name: string, handler: WorkHandler, settings: WorkSettings): Worker {
    if (this.#closed) throw failure('work', 'ERR_CLOSED', 'the adapter was closed')
    const worker = new Worker(name, handler, settings, this.#parts, this.#stores, this.#dead)
    this.#workers.add(worker)
    return worker
  }

  // ---- what the server says ----

  attach(host: AdapterHost): void {
    this.#host = host
    const { engine, space } = this.#parts
    engine.subscribe(space.of('i', space.machine), undefined, ({ reply }) => {
      if (reply !== undefined) engine.publish(reply, this.#instance)
    })
    this.#broadcasts.begin()
    this.#emits.begin()
    this.#caller.begin()
    this.#answerer.begin()
    this.#receiver.begin()
  }

  broadcast(broadcast: RoomBroadcast): boolean {
    return this.#closed || this.#broadcasts.broadcast(broadcast)
  }

  joined(room: string): void {
    this.#broadcasts.joined(room)
  }

  left(room: string, _peer: AdapterPeer): void {
    this.#broadcasts.left(room)
  }

  handler(name: string): ReturnType<Caller['handler']> {
    return this.#closed ? undefined : this.#caller.handler(name)
  }

  listener(name: string, kind: 'emit' | 'send'): ReturnType<Emits['listener']> {
    if (this.#closed) return undefined
    return kind === 'send' ? this.#publisher.listener(name) : this.#emits.listener(name)
  }

  changed(): void {
    if (this.#host === undefined || this.#closed) return
    this.#answerer.changed()
    this.#receiver.changed()
  }

  tell(client: RemoteClient, action: 'emit' | 'join' | 'leave', name: string, data: unknown): boolean {
    return this.#closed || this.#emits.tell(client, action, name, data)
  }

  /** Called by the server; the second call waits for the first. */
  async detach(): Promise<void> {
    this.#detaching ??= this.#detach()
    await this.#detaching
  }

  #detaching: Promise<void> | undefined

  async #detach(): Promise<void> {
    const { outlet, engine } = this.#parts
    outlet.flushBatch()
    this.#closed = true
    this.#caller.close()
    this.#answerer.close()
    this.#publisher.close()
    // A handler that hangs must not hold up the end: its message goes to another worker.
    const stopped = Promise.all([...this.#workers].map((worker) => worker.stop()))
    await Promise.race([stopped, sleep(STOP_MS, undefined, { ref: false })])
    await this.#receiver.close()
    await engine.close()
    outlet.close()
    this.#host = undefined
  }
}
