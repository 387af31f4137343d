/** EventClient for browsers: one end of a conversation, over one connection after the other. */
import { asError, RemoteError } from '../errors/remote-error.ts'
import type {
  AnyMap,
  CallArguments,
  CheckedMap,
  ClientRequests,
  DataArgument,
  EventName,
  Input,
  Item,
  Reply,
  RequestName,
  RequestOptions,
  ServerRequests,
  StreamName,
  StreamOptions,
  ToClient,
  ToServer,
} from '../map.ts'
import { type Calls as CallMethods, callsOf } from '../end/calls.ts'
import { FrameType } from '../wire/frame-types.ts'
import { Answers, type Handler, type HandlerContext } from './answers.ts'
import { Calls, type Waiting } from './calls.ts'
import { callArguments } from './call-arguments.ts'
import { type Opener, overStreams, overWebSocket } from './carriers.ts'
import { type ClientEvents, type Delivery, FINAL, LOCAL } from './client-events.ts'
import { Connection, type Welcome } from './connection.ts'
import { Deliveries } from './deliveries.ts'
import { EventsError } from './errors.ts'
import { type ReadFrame } from './frames.ts'
import { ItemQueue } from './items.ts'
import { type Listener, Listeners } from './listeners.ts'
import { type ClientOptions, readOptions, type Settings, type Target } from './options.ts'
import { checkName, decode, encode, type Wire } from './wire.ts'

/**
 * A client of an `EventServer`, over a WebSocket or a pair of web streams, without Node's modules: browsers, workers of
 * them, Deno, Bun, Node. It has the map of the server, and what `EventClient` of `@uds/events` has of events, acknowledged
 * messages, requests and streams; the codec is JSON, and bytes travel as they are (`Uint8Array`).
 */
export class EventClient<M extends object = AnyMap> {
  readonly #settings: Settings
  readonly #open: Opener
  readonly #session: string = crypto.randomUUID()
  readonly #listeners = new Listeners()
  readonly #names = new Map<string, number>()
  readonly #deliveries: Deliveries
  readonly #calls: Calls
  readonly #answers: Answers
  readonly #methods: CallMethods<ServerRequests<M>>
  #queue: { readonly size: number; readonly write: () => void }[] = []
  #queueBytes = 0
  #connection: Connection | undefined
  #attempt: Connection | undefined
  #welcome: Welcome | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #pauseMs = 0
  #closed: Error | undefined
  #first: { resolve(): void; reject(reason: Error): void } | undefined
  #flowing: (() => void)[] = []

  private constructor(target: Target, options: ClientOptions) {
    this.#settings = readOptions(options)
    this.#open = typeof target === 'function' ? overStreams(target) : overWebSocket(target, options.protocols)
    const wire = this.#wire()
    const most = (): number => this.#welcome?.maxFrame ?? this.#settings.maxFrame
    this.#deliveries = new Deliveries(wire, this.#settings.queueBytes)
    this.#calls = new Calls(wire, most)
    this.#answers = new Answers(wire, most)
    this.#methods = callsOf((name, rest) => this.#request(name, rest))
  }

  /**
   * Connects to a server.
   *
   * @param target - the URL of a WebSocket, or a function that makes a pair of streams for each connection
   * @throws EventsError `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`; `ETIMEDOUT`, `ERR_DISCONNECTED` when there is no
   *   connection; RemoteError with the reason of the server (`ERR_UNAUTHORIZED`, ...)
   */
  static async connect<M extends CheckedMap<M> = AnyMap>(
    target: Target,
    options: ClientOptions = {},
  ): Promise<EventClient<M>> {
    const client = new EventClient<M>(target, options)
    await new Promise<void>((resolve, reject) => {
      client.#first = { resolve, reject }
      client.#connect()
    })
    return client
  }

  /** A client that is not connected yet: what is said waits, and it connects as soon as the server is there. */
  static open<M extends CheckedMap<M> = AnyMap>(target: Target, options: ClientOptions = {}): EventClient<M> {
    const client = new EventClient<M>(target, options)
    client.#connect()
    return client
  }

  #wire(): Wire {
    const connected = (): boolean => this.#connection !== undefined
    return {
      get connected() {
        return connected()
      },
      put: (type, flags, name, id, payload) =>
        this.#connection?.put(type, flags, name === '' ? 0 : this.#idOf(name), name, id, payload) ?? 0,
      later: (size, write) => this.#later(size, write),
      knows: (option) => this.#connection?.peerKnows.includes(option) === true,
      flowing: () =>
        this.#connection?.full === true ? new Promise((resolve) => this.#flowing.push(resolve)) : undefined,
      report: (error) => this.#listeners.tell('error', asError(error)),
    }
  }

  #idOf(name: string): number {
    const id = this.#names.get(name) ?? this.#names.size + 1
    if (id > 4096)
      throw new EventsError('ERR_TOO_MANY_NAMES', 'more than 4096 different names; use few and send data')
    this.#names.set(name, id)
    return id
  }

  /** Lets pass what may be written now; else keeps it for the next connection. */
  #later(size: number, write: () => void): void {
    if (this.#closed !== undefined) throw this.#closed
    const waits = this.#queueBytes + (this.#connection?.waiting ?? 0)
    if (waits + size > this.#settings.queueBytes)
      throw new EventsError('ERR_QUEUE_FULL', `${waits} bytes wait; wait for 'drain'`)
    if (this.#connection !== undefined) return
    this.#queue.push({ size, write })
    this.#queueBytes += size
  }

  // ---- the connection ----

  #connect(): void {
    const connection: Connection = new Connection(this.#open, this.#settings, {
      hello: () => ({
        codec: 'json',
        session: this.#session,
        ...this.#deliveries.numbers,
        maxFrame: this.#settings.maxFrame,
        keepAliveMs: this.#settings.keepAliveMs,
        name: this.#settings.name,
        token: this.#settings.token,
        knows: ['defer'],
      }),
      welcomed: (welcome) => this.#begin(connection, welcome),
      frame: (frame) => this.#take(connection, frame),
      flushing: () => this.#deliveries.flush(),
      drained: () => this.#drained(),
      closed: (reason) => this.#lost(connection, reason),
    })
    this.#attempt = connection
  }

  #begin(connection: Connection, welcome: Welcome): void {
    this.#welcome = welcome
    this.#connection = connection
    this.#pauseMs = 0
    if (!welcome.resumed) this.#deliveries.begin(welcome)
    this.#deliveries.repeat()
    const queue = this.#queue
    this.#queue = []
    this.#queueBytes = 0
    for (const { write } of queue) write()
    this.#first?.resolve()
    this.#first = undefined
    this.#listeners.tell('connect', { resumed: welcome.resumed })
  }

  #lost(connection: Connection, reason: Error | undefined): void {
    if (this.#attempt !== connection) return
    const was = this.#connection === connection
    this.#connection = undefined
    this.#deliveries.detach()
    this.#answers.detach()
    this.#drained()
    const why = reason ?? new EventsError('ERR_DISCONNECTED', 'the connection was lost')
    this.#calls.disconnect(
      code(why) === 'ERR_CLOSED' ? new EventsError('ERR_DISCONNECTED', why.message, why) : why,
      false,
    )
    if (was) this.#listeners.tell('disconnect', reason)
    if (this.#closed !== undefined) return
    const { backoff } = this.#settings
    const final = reason instanceof RemoteError && FINAL.has(reason.code)
    if (this.#first !== undefined || backoff === undefined || final) {
      this.#first?.reject(why)
      this.#first = undefined
      this.#finish(why)
      return
    }
    if (!was) this.#listeners.tell('connectError', why)
    this.#pauseMs =
      this.#pauseMs === 0 ? backoff.initialMs : Math.min(this.#pauseMs * backoff.factor, backoff.maxMs)
    this.#retry = setTimeout(() => this.#connect(), this.#pauseMs * (1 - backoff.jitter * Math.random()))
  }

  #drained(): void {
    for (const resolve of this.#flowing.splice(0)) resolve()
    if (this.#connection !== undefined) this.#listeners.tell('drain')
  }

  #finish(reason: Error): void {
    this.#closed = new EventsError('ERR_CLOSED', reason.message, reason)
    clearTimeout(this.#retry)
    this.#queue = []
    this.#calls.disconnect(reason, true)
    this.#deliveries.close(reason)
    this.#listeners.tell('close', code(reason) === 'ERR_CLOSED' ? undefined : reason)
  }

  // ---- what arrives ----

  #take(connection: Connection, frame: ReadFrame): void {
    switch (frame.type) {
      case FrameType.emit: {
        const name = connection.nameOf(frame)
        const data = decode(frame)
        const failed = (error: unknown): void => this.#listeners.tell('error', asError(error))
        try {
          this.#listeners
            .deliver(name, data, { name, kind: 'emit', redelivered: false }, false)
            ?.catch(failed)
        } catch (error) {
          failed(error)
        }
        return
      }
      case FrameType.send: {
        const name = connection.nameOf(frame)
        const data = decode(frame)
        this.#deliveries.receive(frame.id, frame.flags, (redelivered) =>
          this.#listeners.deliver(name, data, { name, kind: 'send', redelivered }, true),
        )
        return
      }
      case FrameType.ack:
      case FrameType.nack:
      case FrameType.defer:
        this.#deliveries.answered(frame)
        return
      case FrameType.request:
        this.#answers.asked(frame, connection.nameOf(frame))
        return
      case FrameType.cancel:
      case FrameType.credit:
        this.#answers.asked(frame, '')
        return
      case FrameType.reply:
      case FrameType.failure:
      case FrameType.item:
      case FrameType.end:
      case FrameType.inputCredit:
      case FrameType.inputStop:
        this.#calls.answered(frame)
        return
      case FrameType.ping:
        connection.put(FrameType.pong, 0, 0, '', frame.id)
        return
      case FrameType.pong:
      case FrameType.input:
      case FrameType.inputEnd:
      case FrameType.inputFailure:
        return
      default:
        throw new EventsError('ERR_PROTOCOL', `a frame of the unknown type ${frame.type}`)
    }
  }

  // ---- what a program does ----

  /** True while there is a connection. */
  get connected(): boolean {
    return this.#connection !== undefined
  }

  /** True when it is over, and stays so. */
  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** The name of the server: its option `name`. */
  get serverName(): string | undefined {
    return this.#welcome?.name
  }

  /** Bytes that wait in this process. */
  get bufferedBytes(): number {
    return this.#queueBytes + (this.#connection?.waiting ?? 0)
  }

  /** How many `send`s are not acknowledged. */
  get unacknowledged(): number {
    return this.#deliveries.size
  }

  /** Listens to an event of the server, or to what happens to the connection. */
  on<N extends keyof ClientEvents>(name: N, listener: (...args: ClientEvents[N]) => unknown): this
  on<N extends EventName<ToClient<M>>>(
    name: N,
    listener: (data: ToClient<M>[N], delivery: Delivery) => unknown,
  ): this
  on(name: string, listener: (...args: never[]) => unknown): this {
    if (typeof listener !== 'function') throw new TypeError('on: the listener must be a function')
    this.#listeners.add(checkName(name), listener as Listener)
    return this
  }

  /** A promise of what the next event of the name has: its data, and how it was delivered. */
  once<N extends keyof ClientEvents>(name: N): Promise<ClientEvents[N]>
  once<N extends EventName<ToClient<M>>>(name: N): Promise<[data: ToClient<M>[N], delivery: Delivery]>
  once(name: string): Promise<unknown> {
    return new Promise((resolve) => {
      const listener = (...args: unknown[]): void => {
        this.off(name as never, listener)
        resolve(args)
      }
      this.on(name as 'connect', listener)
    })
  }

  /** Stops listening. */
  off(name: keyof ClientEvents | EventName<ToClient<M>>, listener: (...args: never[]) => unknown): this {
    this.#listeners.remove(name, listener as Listener)
    return this
  }

  /** Answers a request of the server: a value, a promise, or an iterable for a stream. */
  handle<N extends keyof ClientRequests<M> & string>(
    name: N,
    handler: (input: Input<ClientRequests<M>[N]>, context: HandlerContext) => unknown,
  ): this {
    if (this.#answers.handlers.has(name)) throw new TypeError(`handle: '${name}' has a handler already`)
    this.#answers.handlers.set(checkName(name), handler as Handler)
    return this
  }

  /** Takes the handler of a request out. */
  removeHandler(name: keyof ClientRequests<M> & string): this {
    this.#answers.handlers.delete(name)
    return this
  }

  /**
   * Sends an event; at most once.
   *
   * @returns false when enough is on its way: wait for `drain`. The event itself was taken.
   * @throws EventsError `ERR_QUEUE_FULL`, `ERR_FRAME_TOO_LARGE`, `ERR_BAD_PAYLOAD`, `ERR_INVALID_NAME`, `ERR_CLOSED`
   */
  emit<N extends EventName<ToServer<M>>>(name: N, ...data: DataArgument<ToServer<M>[N]>): boolean
  emit(name: string, data?: unknown): boolean {
    const { flags, payload, size } = this.#encoded(name, data)
    const write = (): void =>
      void this.#connection?.put(FrameType.emit, flags, this.#idOf(name), name, -1, payload)
    this.#later(size, write)
    write()
    return this.#connection !== undefined && !this.#connection.full
  }

  /**
   * Sends an event and waits until its listeners at the server are done. It is sent again over a new connection until it
   * is acknowledged.
   *
   * @throws RemoteError what the listener threw, `ERR_NO_HANDLER`; EventsError as {@link emit}
   */
  async send<N extends EventName<ToServer<M>>>(
    name: N,
    ...data: DataArgument<ToServer<M>[N]>
  ): Promise<void> {
    await this.#deliveries.send(name, this.#encoded(name, data[0]))
  }

  #encoded(name: string, data: unknown): ReturnType<typeof encode> {
    if (LOCAL.has(name) || name.includes('*'))
      throw new EventsError('ERR_INVALID_NAME', `the event name '${name}' is reserved`)
    this.#idOf(checkName(name))
    return encode(data, this.#welcome?.maxFrame ?? this.#settings.maxFrame)
  }

  /**
   * Asks the server. An input that is an async iterable, or a `ReadableStream`, is sent as a stream.
   *
   * @throws RemoteError what the handler threw, `ERR_NO_HANDLER`
   * @throws EventsError `ETIMEDOUT`, `ERR_DISCONNECTED` (whether the server acted is not known); the signal's reason
   */
  request<N extends RequestName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], RequestOptions>
  ): Promise<Reply<ServerRequests<M>[N]>> {
    return this.#request(name, rest) as Promise<Reply<ServerRequests<M>[N]>>
  }

  /** The requests of the server as methods: `client.call.add({ a: 1, b: 2 })`. */
  get call(): CallMethods<ServerRequests<M>> {
    return this.#methods
  }

  #request(name: string, rest: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { input, timeoutMs, signal } = callArguments(rest, this.#settings, ['timeoutMs', 'signal'])
      const waiting = { value: resolve, end: () => resolve(undefined), fail: reject }
      this.#ask(name, input, { timeoutMs, signal, window: 0 }, waiting)
    })
  }

  #ask(name: string, input: unknown, settings: Parameters<Calls['open']>[2], waiting: Waiting): number {
    this.#idOf(checkName(name))
    return this.#calls.open(name, input, settings, waiting)
  }

  /** Asks the server for a stream of replies. Nothing is asked before the first item is; `break` stops the server. */
  stream<N extends StreamName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], StreamOptions>
  ): AsyncIterableIterator<Item<ServerRequests<M>[N]>, undefined, undefined> & AsyncDisposable {
    const { input, timeoutMs, signal, window } = callArguments(rest, this.#settings, [
      'timeoutMs',
      'signal',
      'window',
    ])
    let id = 0
    let taken = 0
    const items = new ItemQueue(
      () => {
        try {
          const waiting = { value: add, end: () => items.end(), fail: (reason: Error) => items.fail(reason) }
          id = this.#ask(name, input, { timeoutMs, signal, window }, waiting)
        } catch (error) {
          items.fail(asError(error))
        }
      },
      () => {
        // Half a window at a time, so that credit costs little and the server does not run dry.
        if (++taken < Math.ceil(window / 2)) return
        this.#calls.credit(id, taken)
        taken = 0
      },
      () => this.#calls.giveUp(id, new EventsError('ERR_CLOSED', 'the reader left')),
    )
    const add = (value: unknown): void => items.add(value)
    return items as never
  }

  /** Asks to be in a room; the server's `joinable` decides. */
  async join(room: string): Promise<void> {
    await this.#request('$uds:join', [room, {}])
  }

  /** Leaves a room. */
  async leave(room: string): Promise<void> {
    await this.#request('$uds:leave', [room, {}])
  }

  /** Closes, after what was sent and asked is done, at most `graceMs` later (default 1000). */
  async close({ graceMs = 1000 }: { readonly graceMs?: number } = {}): Promise<void> {
    const until = performance.now() + graceMs
    while (this.#connection !== undefined && this.#busy && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 5))
    if (this.#closed !== undefined) return
    const reason = new EventsError('ERR_CLOSED', 'this client was closed')
    this.#finish(reason)
    this.#attempt?.fail(reason)
  }

  get #busy(): boolean {
    return this.#deliveries.size > 0 || this.#calls.size > 0 || (this.#connection?.waiting ?? 0) > 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const code = (error: Error): unknown => (error as { code?: unknown }).code
