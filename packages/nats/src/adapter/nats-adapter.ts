/** NatsAdapter: joins the server of one machine to those of others. */
import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { AnyMap, EventServer } from '@uds/events'
import { checkOptions, invalidArgument } from '@uds/winsock-ffi'
import type { NatsCounters } from '../diagnostics.ts'
import { asError } from '../errors.ts'
import { type NatsOptions, natsSettings } from '../options/options.ts'
import type { DeadLetter } from '../sends/dead-letters.ts'
import { type WorkHandler, type WorkOptions, workSettings } from '../work-queues/options.ts'
import { Bridge } from './bridge.ts'

/** What an adapter says, for `on`. */
export interface NatsAdapterEvents {
  /** There is a connection to nats-server. */
  connect: []
  /** The connection is lost; it is tried again for ever. */
  disconnect: []
  /** A stored message has failed here for the last time; it is in the store of dead letters. */
  deadLetter: [letter: DeadLetter]
  /** What no caller awaits. Without a listener for it, it is a warning of the process. */
  error: [error: Error]
}

/**
 * Joins an `EventServer` to a space of subjects of NATS, so that the clients of many machines form one channel. Nothing
 * leaves the machine that `forward` does not name; without a nats-server everything local goes on.
 */
export class NatsAdapter<M extends object = AnyMap> {
  readonly #server: EventServer<M>
  readonly #bridge: Bridge
  readonly #emitter = new EventEmitter<NatsAdapterEvents>()

  private constructor(options: NatsOptions<M>) {
    this.#server = options.server
    this.#bridge = new Bridge(natsSettings(options), {
      connection: (connected) => this.#tell(connected ? 'connect' : 'disconnect'),
      deadLetter: (letter) => this.#tell('deadLetter', letter),
      report: (error) => this.#report(error),
    })
  }

  /**
   * Joins a server. Resolves at the first connection, or without one after `connectTimeoutMs`: it is tried for ever.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
   * @throws SocketError `ERR_UNSUPPORTED_SERVER`, `ERR_UNAUTHORIZED`, `ERR_MACHINE_TAKEN`: then the server is not joined
   */
  static async open<M extends object>(options: NatsOptions<M>): Promise<NatsAdapter<M>> {
    const adapter = new NatsAdapter<M>(options)
    const { server } = options
    await server.attach(adapter.#bridge)
    try {
      await adapter.#bridge.start()
    } catch (error) {
      await server.detach(adapter.#bridge)
      throw error
    }
    return adapter
  }

  /** The name of this machine in the channel. */
  get machine(): string {
    return this.#bridge.settings.machine
  }

  /** True while there is a connection to nats-server. */
  get connected(): boolean {
    return this.#bridge.connected
  }

  /** What was carried so far, and what waits. */
  get counters(): NatsCounters {
    return this.#bridge.counters
  }

  on<N extends keyof NatsAdapterEvents>(name: N, listener: (...args: NatsAdapterEvents[N]) => void): this {
    this.#emitter.on(name, listener as never)
    return this
  }

  off<N extends keyof NatsAdapterEvents>(name: N, listener: (...args: NatsAdapterEvents[N]) => void): this {
    this.#emitter.off(name, listener as never)
    return this
  }

  /** What a listener throws must not reach the client of NATS. */
  #tell<N extends keyof NatsAdapterEvents>(name: N, ...args: NatsAdapterEvents[N]): void {
    try {
      this.#emitter.emit(name, ...(args as never))
    } catch (error) {
      this.#report(asError(error))
    }
  }

  #report(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
    else
      process.emitWarning(error.message, {
        type: 'UdsNatsWarning',
        detail: `channel ${this.#bridge.settings.channel}`,
      })
  }

  /**
   * Adds a message to a work queue of the channel: one worker of one machine gets it. Resolves with its id when it is
   * stored; while there is no nats-server it waits, as `offline` says.
   *
   * @param options - `id`: two messages with one id, within `stream.duplicateWindowMs`, are one. @default a new one
   * @throws SocketError `ERR_FRAME_TOO_LARGE`, `ERR_BAD_PAYLOAD`, `ERR_CLOSED`; `ERR_QUEUE_FULL`, `ERR_DROPPED`,
   *   `ERR_STORE_FULL` by the rule that was chosen
   */
  async push(
    name: string,
    data: unknown,
    options: { readonly id?: string | undefined } = {},
  ): Promise<string> {
    checkOptions(options, 'push', ['id'])
    const { id = randomUUID() } = options
    if (typeof name !== 'string' || name === '')
      throw invalidArgument('push', 'name', 'a string that is not empty', name)
    if (typeof id !== 'string' || id === '')
      throw invalidArgument('push', 'id', 'a string that is not empty', id)
    await this.#bridge.push(name, data, id)
    return id
  }

  /**
   * Takes messages of a work queue, in competition with the workers of all machines. A message is done when the handler is;
   * when it throws, or its worker dies, another attempt follows, up to `maxDeliver`; then it is a dead letter. So a message
   * is done at least once: `id` is the same at every attempt.
   *
   * @returns `stop` finishes what is under way, and takes no more
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
   */
  work(name: string, handler: WorkHandler, options: WorkOptions = {}): { stop(): Promise<void> } {
    const worker = this.#bridge.work(name, handler, workSettings(name, handler, options))
    return { stop: () => worker.stop() }
  }

  /**
   * Resolves when nats-server has read what was said so far.
   *
   * @throws SocketError `ERR_DISCONNECTED` without a connection
   */
  flush(): Promise<void> {
    return this.#bridge.flush()
  }

  /** Leaves the channel; the server goes on by itself. */
  async close(): Promise<void> {
    await this.#server.detach(this.#bridge)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
