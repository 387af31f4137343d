/** Engine: the connection to nats-server, kept up for ever, with what is subscribed over it. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connect,
  type MsgHdrs,
  type NatsConnection,
  type NodeConnectionOptions,
  type Subscription,
} from '@nats-io/transport-node'
import { asError, failure } from '../errors.ts'
import { refusalOf, versionFault } from './refusals.ts'

/** Signs of life: a server that does not answer two of them is lost. */
const PING_MS = 3000
const MOST_PINGS = 2
const RECONNECT_MS = 250
const LONGEST_WAIT_MS = 2000
/** Before the first server has said what it takes. */
const USUAL_PAYLOAD = 1024 * 1024

/** A message of the engine, as the parts of this package take it. */
export interface EngineMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly reply?: string | undefined
  readonly headers?: MsgHdrs | undefined
}

export interface PublishSettings {
  readonly reply?: string | undefined
  readonly headers?: MsgHdrs | undefined
}

/** What an {@link Engine} reports to its adapter. */
export interface EngineHooks {
  /** Called at each connection, before anything is subscribed: throws why this server, or this machine's name, cannot be used. */
  admit(connection: NatsConnection): Promise<void>
  up(server: string): void
  down(): void
  /** It will not try again. */
  refused(error: Error): void
  report(error: Error): void
}

interface Subscribed {
  readonly subject: string
  readonly queue: string | undefined
  readonly callback: (message: EngineMessage) => void
  subscription: Subscription | undefined
}

/** The client's defaults end after ten attempts, two seconds apart, and need minutes to notice a partition. */
const optionsOf = (options: NodeConnectionOptions, name: string): NodeConnectionOptions => ({
  name,
  pingInterval: PING_MS,
  maxPingOut: MOST_PINGS,
  reconnectTimeWait: RECONNECT_MS,
  ...options,
  noEcho: true,
  maxReconnectAttempts: -1,
  waitOnFirstConnect: false,
})

export class Engine {
  readonly #options: NodeConnectionOptions
  readonly #hooks: EngineHooks
  readonly #subscribed = new Set<Subscribed>()
  readonly #ending = new AbortController()
  #connection: NatsConnection | undefined
  #connected = false
  #running: Promise<void> | undefined
  #lastError: Error | undefined
  /** The most bytes of a message, headers included. */
  maxPayload: number = USUAL_PAYLOAD

  constructor(options: NodeConnectionOptions, name: string, hooks: EngineHooks) {
    this.#options = optionsOf(options, name)
    this.#hooks = hooks
  }

  get connected(): boolean {
    return this.#connected
  }

  /** The connection, while it is up. */
  get connection(): NatsConnection | undefined {
    return this.#connected ? this.#connection : undefined
  }

  /** Why there is no connection, where that is known. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** Resolves at the first connection, or after so many milliseconds without one; rejects when it is refused. */
  async start(timeoutMs: number): Promise<void> {
    const first = Promise.withResolvers<void>()
    this.#running = this.#run(first)
    const timer = timeoutMs === Infinity ? undefined : setTimeout(first.resolve, timeoutMs)
    try {
      await first.promise
    } finally {
      clearTimeout(timer)
    }
  }

  async #run(first: PromiseWithResolvers<void>): Promise<void> {
    let waitMs = RECONNECT_MS
    while (!this.#ending.signal.aborted) {
      try {
        const connection = await connect(this.#options)
        await this.#serve(connection, first)
        waitMs = RECONNECT_MS
      } catch (error) {
        const refusal = refusalOf(error)
        this.#lastError = asError(error)
        if (refusal !== undefined) {
          this.#lastError = refusal
          first.reject(refusal)
          this.#hooks.refused(refusal)
          return
        }
      }
      await sleep(waitMs, undefined, { signal: this.#ending.signal }).catch(() => {})
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
    first.resolve()
  }

  /** Uses a connection until it is closed; the client mends it meanwhile. */
  async #serve(connection: NatsConnection, first: PromiseWithResolvers<void>): Promise<void> {
    this.#connection = connection
    try {
      if (this.#ending.signal.aborted) return
      await this.#check(connection)
      for (const each of this.#subscribed) this.#subscribe(each)
      // What another machine says from now on is heard: the server has read the subscriptions.
      await connection.flush()
      this.#isUp(connection)
      first.resolve()
      for await (const status of connection.status()) {
        if (status.type === 'disconnect') this.#isDown()
        else if (status.type === 'reconnect') {
          await this.#check(connection)
          this.#isUp(connection)
        } else if (status.type === 'error') this.#hooks.report(status.error)
        else if (status.type === 'close') break
      }
      const reason = await connection.closed()
      if (reason instanceof Error) throw reason
    } finally {
      this.#isDown()
      for (const each of this.#subscribed) each.subscription = undefined
      this.#connection = undefined
      await connection.close().catch(() => {})
    }
  }

  async #check(connection: NatsConnection): Promise<void> {
    const fault = versionFault(connection.info?.version)
    if (fault !== undefined) throw failure('connect', 'ERR_UNSUPPORTED_SERVER', fault)
    await this.#hooks.admit(connection)
  }

  #isUp(connection: NatsConnection): void {
    this.maxPayload = connection.info?.max_payload ?? USUAL_PAYLOAD
    this.#lastError = undefined
    this.#connected = true
    this.#hooks.up(connection.getServer())
  }

  #isDown(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#hooks.down()
  }

  /** Writes a message; false when there is no connection. What is written just before a loss may not arrive. */
  publish(subject: string, payload: Uint8Array | string, settings?: PublishSettings): boolean {
    const connection = this.connection
    if (connection === undefined || connection.isClosed()) return false
    if (settings === undefined) connection.publish(subject, payload)
    else
      connection.publish(subject, payload, {
        ...(settings.reply !== undefined && { reply: settings.reply }),
        ...(settings.headers !== undefined && { headers: settings.headers }),
      })
    return true
  }

  /** Subscribes, at every connection again. Nothing that the callback throws reaches the client: it would end it. */
  subscribe(
    subject: string,
    queue: string | undefined,
    callback: (message: EngineMessage) => void,
  ): () => void {
    const subscribed: Subscribed = { subject, queue, callback, subscription: undefined }
    this.#subscribed.add(subscribed)
    this.#subscribe(subscribed)
    return () => {
      this.#subscribed.delete(subscribed)
      subscribed.subscription?.unsubscribe()
    }
  }

  #subscribe(subscribed: Subscribed): void {
    const connection = this.#connection
    if (connection === undefined || connection.isClosed()) return
    const { subject, queue, callback } = subscribed
    subscribed.subscription = connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        try {
          if (error instanceof Error) this.#hooks.report(error)
          else callback(message)
        } catch (thrown) {
          this.#hooks.report(asError(thrown))
        }
      },
    })
  }

  /** Resolves when the server has read everything that was written; rejects when the connection is lost before. */
  async flush(): Promise<void> {
    const connection = this.connection
    if (connection === undefined) throw this.away('flush')
    await connection.flush()
  }

  /** What those hear who need a connection now. */
  away(action: string): Error {
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`
    return failure(action, 'ERR_DISCONNECTED', `no connection to nats-server${why}`, this.#lastError)
  }

  /** Ends the connection, after what was written. Never rejects. */
  async close(): Promise<void> {
    this.#ending.abort()
    const connection = this.#connection
    if (connection !== undefined) {
      if (this.#connected)
        await Promise.race([connection.flush().catch(() => {}), sleep(1000, undefined, { ref: false })])
      await connection.close().catch(() => {})
    }
    await this.#running
  }
}
