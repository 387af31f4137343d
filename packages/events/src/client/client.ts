/** EventClient. */
import type { Address } from '@uds/stream'
import { checkOptions } from '@uds/winsock-ffi'
import { endpoint, printed } from '../address.ts'
import { request, requestStream } from '../channel/request-arguments.ts'
import { Channel } from '../channel/channel.ts'
import { readCodec } from '../codecs/select.ts'
import { type Checks, checksOf } from '../contract/contract.ts'
import { asError, failure } from '../errors/errors.ts'
import { type Calls, callsOf } from '../end/calls.ts'
import { EventEnd } from '../end/event-end.ts'
import type { Delivery } from '../handlers/handler.ts'
import { HandlerRegistry } from '../handlers/registry.ts'
import { checkJournal } from '../journal/database.ts'
import { SentJournal } from '../journal/sent-journal.ts'
import type {
  AnyMap,
  CheckedMap,
  CallArguments,
  ClientRequests,
  DataArgument,
  EventName,
  Item,
  Reply,
  RequestName,
  RequestOptions,
  ServerRequests,
  StreamName,
  StreamOptions,
  ToClient,
  ToServer,
  Work,
} from '../map.ts'
import { checkName, JOIN, LEAVE, PEERS } from '../names.ts'
import type { ReportSource } from '../reporting/reporter.ts'
import { checkSignal, readGrace, milliseconds } from '../options.ts'
import { checkText, type EndSettings, endSettings } from '../end/options.ts'
import type { Welcome } from '../wire/handshake-messages.ts'
import { OutgoingNames } from '../wire/interned-names.ts'
import { keepAlive, keepAliveInterval } from '../wire/keep-alive.ts'
import type { Link } from '../wire/link.ts'
import { Worker, type WorkerOptions, type WorkHandler } from '../work-queues/worker.ts'
import { Connector, unrefOf } from './connector.ts'
import { NamedPeer } from './named-peer.ts'
import { type PeerChange, watchPeers } from './peer-watch.ts'
import { clientHandshake } from './handshake.ts'
import { CLIENT_OPTIONS, type ClientEvents, type ClientOptions } from './options.ts'
import { readBackoff } from './reconnect.ts'

/** What a client hears. */
export interface ClientTypes<M extends object> {
  events: ToClient<M>
  local: ClientEvents
  requests: ClientRequests<M>
  extra: [delivery: Delivery]
  from: undefined
  peer: EventClient<M>
}

/**
 * One end of a conversation with an `EventServer`: events, acknowledged messages, requests and streams, over one
 * connection after the other.
 *
 * `emit` is delivered at most once, `send` at least once, and exactly once while both processes live; the order of a
 * connection is kept. No error here can end the process.
 */
export class EventClient<M extends object = AnyMap> extends EventEnd<ClientTypes<M>> {
  /** @internal */
  protected readonly handlers: HandlerRegistry
  readonly #address: string | Address
  readonly #settings: EndSettings
  readonly #channel: Channel
  readonly #connector: Connector
  readonly #journal: SentJournal | undefined
  readonly #checks: Checks | undefined
  readonly #workers = new Set<Worker>()
  #call: Calls<ServerRequests<M>> | undefined
  #closing: Promise<void> | undefined
  #closed = false
  #stopKeepAlive: () => void = () => {}
  #serverName: string | undefined

  private constructor(address: string | Address, options: ClientOptions<M>) {
    super()
    this.#settings = endSettings('connect', options, CLIENT_OPTIONS)
    this.#address = endpoint('connect', address, options.transport)
    const codec = readCodec('connect', options.codec ?? 'json')
    checkText('connect', 'token', options.token)
    checkSignal('connect', options.signal)
    checkJournal('connect', options.journal)
    const connecting = {
      address: this.#address,
      transport: options.transport,
      timeoutMs: milliseconds('connect', 'timeoutMs', options.timeoutMs, 10_000, 1),
      retryUntilMs: milliseconds('connect', 'retryUntilMs', options.retryUntilMs, 0),
      backoff: options.reconnect === false ? undefined : readBackoff(options.reconnect ?? {}),
    }
    const checks = checksOf('connect', 'client', options.contract)
    this.#checks = checks
    this.handlers = new HandlerRegistry(
      ([delivery]) => ({ delivery: delivery as Delivery, peer: undefined, connection: this.#channel.link }),
      () => `client of ${printed(this.#address)}`,
    )
    this.handlers.owner = this
    this.#journal =
      options.journal === undefined
        ? undefined
        : new SentJournal(options.journal, codec.name, (error) => this.handlers.report(error))
    const session = this.#journal?.session ?? crypto.randomUUID()
    this.#channel = new Channel(
      {
        session,
        names: new OutgoingNames(this.#settings.maxNames),
        settings: this.#settings,
        handlers: this.handlers,
        checks,
        durableStore: this.#journal,
        peer: this,
        listenerArguments: (data, delivery) => [data, delivery],
        report: (error) => this.handlers.report(error),
        whyAway: () => this.#connectError,
        drained: () => this.#tell('drain'),
      },
      codec,
      0,
    )
    this.#restore()
    this.#connector = new Connector(connecting, {
      handshake: (duplex, reading, hold) =>
        clientHandshake(
          {
            settings: this.#settings,
            session,
            token: options.token,
            channel: this.#channel,
            signal: this.#connector.signal,
            welcomed: (link, welcome) => this.#begin(link, welcome),
            disconnected: (link, reason) => this.#disconnected(link, reason),
          },
          duplex,
          reading,
          hold,
        ),
      attemptFailed: (error, attempt, retryInMs) => {
        this.#connectError = error
        this.#tell('connectError', error, { attempt, retryInMs })
      },
      leaving: () => this.#closed || this.#closing !== undefined,
      report: (error) => this.handlers.report(error),
      gaveUp: (reason) => this.#finish(reason),
    })
  }

  /** Takes what an earlier life of this process left in the journal. */
  #restore(): void {
    if (this.#journal === undefined) return
    const { sender, sends } = this.#channel
    for (const message of this.#journal.kept()) sender.restore(message)
    sends.next = this.#journal.next()
  }

  /**
   * Connects to a server.
   *
   * @param address - a name (`chat`), or any address of `@uds/stream`: `unix:/run/chat.sock`, `tcp:127.0.0.1:80`
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
   * @throws SocketError what connecting fails with (`ECONNREFUSED`, `ENOENT`, `ETIMEDOUT`, ...), or the reason of the
   *   server (`RemoteError`: `ERR_UNAUTHORIZED`, `ERR_UNSUPPORTED_CODEC`, ...); the signal's reason
   */
  static async connect<M extends CheckedMap<M> = AnyMap>(
    address: string | Address,
    options: ClientOptions<M> = {},
  ): Promise<EventClient<M>> {
    const client = new EventClient<M>(address, options)
    const abort = (): void => client.#connector.giveUp(options.signal?.reason)
    options.signal?.addEventListener('abort', abort, { once: true })
    try {
      options.signal?.throwIfAborted()
      await client.#connector.first()
      return client
    } catch (error) {
      client.#finish(asError(error))
      throw error
    } finally {
      options.signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * A client that is not connected yet: what is said waits as `offline` allows, and it connects as soon as the server
   * is there.
   */
  static open<M extends CheckedMap<M> = AnyMap>(
    address: string | Address,
    options: ClientOptions<M> = {},
  ): EventClient<M> {
    const client = new EventClient<M>(address, options)
    void client.#connector.open()
    return client
  }

  // ---- what happens to the connection ----

  /** @internal */
  get channel(): Channel {
    return this.#channel
  }

  /** True while there is a connection. */
  get connected(): boolean {
    return this.#channel.link !== undefined
  }

  /** True from the call of {@link close} on, and when the client does not try again. */
  get closed(): boolean {
    return this.#closed || this.#closing !== undefined
  }

  /** The name of the server: its option `name`. */
  get serverName(): string | undefined {
    return this.#serverName
  }

  /** How many messages were dropped by the policies of the queues. */
  get dropped(): number {
    return this.#channel.flow.queue.dropped
  }

  /** How many `send`s are not acknowledged. */
  get unacknowledged(): number {
    return this.#channel.sends.size
  }

  /** Bytes that wait in this process. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes
  }

  /** What the last attempt to connect failed with; undefined while there is a connection. */
  #connectError: Error | undefined

  #begin(link: Link, welcome: Welcome): void {
    this.#connectError = undefined
    this.#serverName = welcome.name
    if (!welcome.resumed) this.#channel.duplicates.begin(welcome)
    this.#stopKeepAlive = keepAlive(link, keepAliveInterval(this.#settings.keepAliveMs, welcome.keepAliveMs))
    this.#channel.attach(link)
    for (const worker of this.#workers) worker.ask()
    this.#tell('connect', { resumed: welcome.resumed })
  }

  #disconnected(link: Link, reason: Error | undefined): void {
    if (this.#channel.link !== link) return
    this.#stopKeepAlive()
    this.#connectError = reason
    this.#channel.detach(reason)
    this.#tell('disconnect', reason)
    if (this.#closing === undefined && !this.#closed) void this.#connector.again(reason)
  }

  // ---- saying ----

  /**
   * Sends an event; at most once.
   *
   * @returns false when enough is on its way: wait for `drain`. The event itself was taken, unless a policy dropped it.
   * @throws SocketError `ERR_QUEUE_FULL` (policies `wait` and `fail`), `ERR_FRAME_TOO_LARGE`, `ERR_CLOSED`; what the
   *   codec cannot encode
   */
  emit<N extends EventName<ToServer<M>>>(name: N, ...data: DataArgument<ToServer<M>[N]>): boolean
  // One plain parameter: a rest parameter would make an array for every message.
  emit(name: string, data?: unknown): boolean {
    return this.#channel.emitter.emit(name, data)
  }

  /**
   * Sends an event and waits until its listeners at the server are done. It is sent again over a new connection until
   * it is acknowledged.
   *
   * @throws RemoteError what the listener threw, `ERR_NO_HANDLER` when there is none
   * @throws SocketError `ERR_QUEUE_FULL`, `ERR_DROPPED`, `ERR_FRAME_TOO_LARGE`, `ERR_CLOSED`
   */
  send<N extends EventName<ToServer<M>>>(name: N, ...data: DataArgument<ToServer<M>[N]>): Promise<void>
  send(name: string, data?: unknown): Promise<void> {
    return this.#channel.sender.send(name, data)
  }

  /**
   * Asks the server.
   *
   * @throws RemoteError what the handler threw, `ERR_NO_HANDLER`
   * @throws SocketError `ETIMEDOUT`, `ERR_DISCONNECTED` (whether the server acted is not known); the signal's reason
   */
  request<N extends RequestName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], RequestOptions>
  ): Promise<Reply<ServerRequests<M>[N]>> {
    const reply = request(this.#channel.requester, name, rest, this.#settings.requestTimeoutMs)
    return reply as Promise<Reply<ServerRequests<M>[N]>>
  }

  /** The requests of the server as methods: `client.call.add({ a: 1, b: 2 })` is `client.request('add', { a: 1, b: 2 })`. */
  get call(): Calls<ServerRequests<M>> {
    this.#call ??= callsOf((name, rest) =>
      request(this.#channel.requester, name, rest, this.#settings.requestTimeoutMs),
    )
    return this.#call
  }

  /** Asks the server for a stream of replies. Nothing is asked before the first item is; `break` stops the server. */
  stream<N extends StreamName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], StreamOptions>
  ): AsyncIterableIterator<Item<ServerRequests<M>[N]>, undefined, undefined> & AsyncDisposable {
    const items = requestStream(this.#channel.requester, name, rest, this.#settings.requestTimeoutMs)
    return items as AsyncIterableIterator<Item<ServerRequests<M>[N]>, undefined, undefined> & AsyncDisposable
  }

  /** Asks to be in a room; the server's `joinable` decides. */
  join(room: string): Promise<void> {
    return this.#ownRequest('join', JOIN, room)
  }

  /** Leaves a room. */
  leave(room: string): Promise<void> {
    return this.#ownRequest('leave', LEAVE, room)
  }

  /**
   * The client of this name at the same server: `client.peer('printer').request('print', file)`. Nothing is sent before it
   * is asked.
   */
  peer(name: string): NamedPeer<M> {
    checkName('peer', name)
    return new NamedPeer<M>(name, this.#channel, this.#settings.requestTimeoutMs)
  }

  /**
   * The names that are connected to the server, this client's too, and then what changes: `joined`, `left`, `present`. It
   * goes on over the next connection. The server's `visible` decides who is seen.
   *
   * @throws RemoteError `ERR_UNAUTHORIZED` where the server shows nobody; the signal's reason
   */
  watchPeers(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<PeerChange, undefined, undefined> {
    checkOptions(options, 'watchPeers', ['signal'])
    const { signal } = options
    checkSignal('watchPeers', signal)
    return watchPeers({
      changes: () =>
        requestStream(this.#channel.requester, PEERS, [undefined, { signal, timeoutMs: null }], Infinity),
      ended: () => this.closed,
      connected: () => this.#nextConnection(signal),
    })
  }

  /** Resolves at the next connection, when this client is closed, or nobody waits. */
  #nextConnection(signal: AbortSignal | undefined): Promise<void> {
    if (this.connected || this.closed || signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const go = (): void => {
        this.off('connect', go).off('close', go)
        signal?.removeEventListener('abort', go)
        resolve()
      }
      this.on('connect', go).on('close', go)
      signal?.addEventListener('abort', go)
    })
  }

  /**
   * Does messages of a work queue of the server, `concurrency` at once: each goes to one of the clients that work. A message
   * is done when the handler returns, or its promise resolves; when it throws, or this process dies, another client gets it.
   * It goes on over the next connection, until `stop` of what is returned. What the server refuses is reported by `error`:
   * `ERR_NO_HANDLER` where it has no such queue.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when this client does that work already
   */
  work<N extends keyof Work<M> & string>(
    name: N,
    handler: WorkHandler<Work<M>[N]>,
    options: WorkerOptions = {},
  ): Worker {
    const worker = new Worker(name, handler, options, {
      channel: this.#channel,
      handlers: this.handlers,
      check: this.#checks?.work(name),
      timeoutMs: this.#settings.requestTimeoutMs,
      report: (error) => this.handlers.report(error),
      stopped: (each) => this.#workers.delete(each),
    })
    this.#workers.add(worker)
    return worker
  }

  #ownRequest(where: string, name: string, room: string): Promise<void> {
    try {
      checkName(where, room)
    } catch (error) {
      return Promise.reject(asError(error))
    }
    const { requestTimeoutMs } = this.#settings
    return request(this.#channel.requester, name, [room, {}], requestTimeoutMs) as Promise<void>
  }

  /** Milliseconds to the server and back. */
  ping(): Promise<number> {
    return this.#channel.pings.ping(this.#channel.link)
  }

  /** Resolves when every `send` so far was acknowledged, refused or dropped. */
  flush(): Promise<void> {
    return this.#channel.sender.flushed()
  }

  /** @internal */
  get reportSource(): ReportSource {
    return {
      end: this,
      role: 'client',
      address: printed(this.#address),
      peers: () => (this.connected ? [{ peer: this, name: this.#serverName, channel: this.#channel }] : []),
    }
  }

  // ---- the end ----

  /**
   * Closes: what was sent is acknowledged, what was asked is answered, then the connection ends; after `graceMs`
   * (default 2000) at the latest. What is unacknowledged then rejects with `ERR_CLOSED`, and stays in the journal.
   */
  close(options: { readonly graceMs?: number | undefined } = {}): Promise<void> {
    const graceMs = readGrace('close', options, 2000)
    this.#closing ??= this.#closed ? Promise.resolve() : this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    this.#connector.wake()
    const reason = failure('close', 'ERR_CLOSED', 'this client was closed')
    const link = this.#channel.link
    if (link === undefined) {
      this.#connector.giveUp(reason)
      this.#finish(undefined)
      return
    }
    for (const worker of this.#workers) void worker.stop()
    await this.#channel.settled(graceMs)
    this.#channel.close()
    const gone = new Promise<void>((resolve) => link.duplex.once('close', () => setImmediate(resolve)))
    this.#channel.link?.goodbye(reason)
    if (!link.duplex.closed) await gone
    this.#finish(undefined)
  }

  #finish(reason: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#connector.giveUp(reason)
    this.#stopKeepAlive()
    if (reason === undefined) this.#channel.close()
    else this.#channel.abandon(reason)
    this.handlers.end()
    this.#journal?.close()
    this.#tell('close', reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets the process end although the client is connected. */
  unref(): this {
    this.#connector.unref()
    if (this.#channel.link !== undefined) unrefOf(this.#channel.link.duplex)
    return this
  }

  #tell<N extends keyof ClientEvents>(name: N, ...args: ClientEvents[N]): void {
    this.handlers.emitLocal(name, args)
  }
}
