/** EventNode: one object that serves, or follows the node that does. */
import type { Address } from '@uds/stream'
import { checkOptions, invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { endpoint, printed } from '../address.ts'
import { sealEnvelope, openEnvelope } from '../channel/envelope.ts'
import { request } from '../channel/request-arguments.ts'
import { EventClient } from '../client/client.ts'
import type { HandlerResult } from '../end/event-end.ts'
import { asError } from '../errors/errors.ts'
import type { Delivery, RequestContext } from '../handlers/handler.ts'
import { type Listener, Listeners } from '../handlers/listeners.ts'
import type {
  AnyMap,
  CallArguments,
  CheckedMap,
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
import { BROADCAST, checkEventName, isReserved } from '../names.ts'
import { checkFunction, checkSignal, readGrace } from '../options.ts'
import { EventServer } from '../server/server.ts'
import type { ServerPeer } from '../server/peer.ts'
import { Election } from './election.ts'
import { NODE_OPTIONS, type NodeEvents, type NodeOptions, type NodeRole } from './options.ts'

/** The events that a node hears: those of both directions. */
type Heard<M> = ToServer<M> & ToClient<M>

type Names<M> = Exclude<EventName<Heard<M>>, 'role'>

const ROLE = 'role'
/** Milliseconds for which a broadcast waits for a server. */
const BROADCAST_MS = 30_000

/** A listener of an event, for this server and the next. */
interface KeptListener {
  readonly name: string
  readonly listener: Listener
  /** The listener, as the server calls it. */
  readonly atServer: Listener
}

/**
 * A program of which several run, and one of them serves: `EventNode.join` makes each of them the server of an address, or
 * a client of the one that is. When that one ends, another takes its place. Listeners and handlers stay, and every `send`
 * that was not acknowledged is sent again.
 *
 * `emit`, `send`, `request` and `stream` go to the node that serves, whichever it is: to this one, too.
 */
export class EventNode<M extends object = AnyMap> {
  readonly #address: string | Address
  readonly #client: EventClient<M>
  readonly #election: Election
  readonly #local = new Listeners()
  readonly #ready = Promise.withResolvers<void>()
  #listeners: readonly KeptListener[] = []
  readonly #handlers = new Map<string, Parameters<EventNode<M>['handle']>[1]>()
  #server: EventServer<M> | undefined
  #role: NodeRole | undefined
  #closing: Promise<void> | undefined

  private constructor(address: string | Address, options: NodeOptions<M, EventNode<M>>) {
    checkOptions(options, 'join', NODE_OPTIONS)
    checkFunction('join', 'setUp', options.setUp)
    checkSignal('join', options.signal)
    this.#address = endpoint('join', address, undefined)
    const { name, token, contract, server, client } = options
    // The server is made later: what is wrong with its options is said now.
    void EventServer.detached<never>({
      ...server,
      name,
      token,
      contract,
      journal: undefined,
      adapter: undefined,
    } as never).close()
    this.#election = new Election({
      address: this.#address,
      listen: server?.listen,
      ready: this.#ready.promise,
      serve: (transport) => this.#serve({ ...server, name, token, contract, transport } as never),
    })
    this.#client = EventClient.open<never>(this.#address, {
      reconnect: { initialMs: 10, maxMs: 1000 },
      ...client,
      name,
      token,
      contract,
      transport: this.#election.transport,
    } as never) as unknown as EventClient<M>
    this.#client.on('error', (error) => this.#report(error))
    this.#client.on('connect', () => this.#became(this.#election.outcome))
  }

  /**
   * Joins: becomes the server of the address, or a client of the node that is. However many call this at once, one becomes
   * the server.
   *
   * @param address - a name (`app`), or any address that can be listened at
   * @throws SocketError what listening fails with, when the node can be neither (`EACCES`, `ENOENT`, ...); the reason of a
   *   server that refuses it (`ERR_UNAUTHORIZED`, `ERR_UNSUPPORTED_VERSION`, ...); the signal's reason
   */
  static async join<M extends CheckedMap<M> = AnyMap>(
    address: string | Address,
    options: NodeOptions<M, EventNode<M>> = {},
  ): Promise<EventNode<M>> {
    const node = new EventNode<M>(address, options)
    const { signal, setUp } = options
    try {
      signal?.throwIfAborted()
      await setUp?.(node)
      await node.#joined(signal)
      return node
    } catch (error) {
      await node.close({ graceMs: 0 })
      throw error
    }
  }

  #joined(signal: AbortSignal | undefined): Promise<void> {
    const client = this.#client
    return new Promise((resolve, reject) => {
      const abort = (): void => end(() => reject(asError(signal?.reason)))
      const failed = (error: Error): void => {
        // With an outcome the server has ended while the node joined: that is a reason for the next election.
        if (this.#election.outcome === undefined) end(() => reject(error))
      }
      const over = (reason: Error | undefined): void => end(() => reject(asError(reason)))
      const end = (then: () => void): void => {
        client.off('connect', joined).off('connectError', failed).off('close', over)
        signal?.removeEventListener('abort', abort)
        then()
      }
      const joined = (): void => end(resolve)
      client.on('connect', joined).on('connectError', failed).on('close', over)
      signal?.addEventListener('abort', abort)
      // While setUp ran.
      if (signal?.aborted === true) abort()
      else this.#ready.resolve()
    })
  }

  async #serve(options: never): Promise<EventServer<M>> {
    const server = (await EventServer.listen<never>(this.#address, {
      ...(options as object),
      setUp: (made: EventServer<M>) => this.#setUpServer(made),
    } as never)) as unknown as EventServer<M>
    this.#server = server
    // The node was closed meanwhile.
    if (this.#closing !== undefined) await server.close({ graceMs: 0 })
    return server
  }

  #setUpServer(server: EventServer<M>): void {
    server.on('error', (error) => this.#report(error))
    for (const { name, atServer } of this.#listeners) server.on(name as never, atServer as never)
    for (const [name, handler] of this.#handlers) server.handle(name as never, handler)
    server.handle(
      BROADCAST as never,
      ((payload: unknown, { peer }: RequestContext<ServerPeer<M>>) => {
        const { about, data } = openEnvelope(peer.channel.codec, peer.channel.limits, payload)
        checkEventName('broadcast', about[0])
        server.broadcast(about[0] as never, ...([data, { except: peer }] as never))
      }) as never,
    )
  }

  #became(role: NodeRole | undefined): void {
    if (role === undefined || role === this.#role) return
    this.#role = role
    void this.#local.call(ROLE, [role], (error) => this.#report(asError(error)))
  }

  #report(error: Error): void {
    if (this.#local.has('error')) void this.#local.call('error', [error], () => {})
    // Until it has joined, the caller of join hears of it.
    else if (this.#role !== undefined)
      process.emitWarning(error.message, {
        type: 'UdsEventsWarning',
        detail: `node at ${printed(this.#address)}`,
      })
  }

  // ---- what it is ----

  /** `server` while this node serves, `client` while it follows; while it has lost its server, what it was. */
  get role(): NodeRole {
    return this.#role ?? 'client'
  }

  /** True while there is a server, this node or another. */
  get connected(): boolean {
    return this.#client.connected
  }

  /** The server of this node, while it serves: its clients, rooms, work queues. */
  get server(): EventServer<M> | undefined {
    return this.#server
  }

  /** The client of this node: what a node does not have itself, such as rooms, names and work. */
  get client(): EventClient<M> {
    return this.#client
  }

  // ---- hearing ----

  /**
   * Listens to an event of the other nodes, or to what happens to this one: `role`, `connect`, `disconnect`, `error`, ... The
   * node that serves hears what is emitted and sent, every node what is broadcast.
   */
  on<N extends keyof NodeEvents>(name: N, listener: (...args: NodeEvents[N]) => unknown): this
  on<N extends Names<M>>(name: N, listener: (data: Heard<M>[N], delivery: Delivery) => unknown): this
  on(name: string, listener: Listener): this {
    if (name === ROLE || name === 'error') this.#local.add(name, listener)
    else {
      this.#client.on(name as never, listener as never)
      if (!isReserved(name)) this.#onServer(name, listener)
    }
    return this
  }

  #onServer(name: string, listener: Listener): void {
    const call = listener as (data: unknown, delivery: Delivery) => unknown
    const atServer = (data: unknown, _: unknown, delivery: Delivery): unknown => call(data, delivery)
    this.#listeners = [...this.#listeners, { name, listener, atServer }]
    this.#server?.on(name as never, atServer as never)
  }

  /** Stops listening. */
  off(name: keyof NodeEvents | Names<M>, listener: Listener): this {
    if (name === ROLE || name === 'error') {
      this.#local.remove(name, listener)
      return this
    }
    this.#client.off(name as never, listener)
    const at = this.#listeners.findLastIndex((each) => each.name === name && each.listener === listener)
    const heard = this.#listeners[at]
    if (heard !== undefined) {
      this.#listeners = this.#listeners.toSpliced(at, 1)
      this.#server?.off(name as never, heard.atServer)
    }
    return this
  }

  /**
   * Answers a request while this node serves; see `EventServer.handle`.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` when the name has a handler already
   */
  handle<N extends keyof ServerRequests<M> & string>(
    name: N,
    handler: (
      input: Input<ServerRequests<M>[N]>,
      context: RequestContext<ServerPeer<M>>,
    ) => HandlerResult<ServerRequests<M>[N]>,
  ): this {
    if (typeof handler !== 'function') throw invalidArgument('handle', 'handler', 'a function', handler)
    if (this.#handlers.has(name)) throw invalidValue('handle', 'name', 'has a handler already', name)
    this.#server?.handle(name, handler)
    this.#handlers.set(name, handler)
    return this
  }

  // ---- saying ----

  /** Sends an event to the node that serves, at most once; see `EventClient.emit`. */
  emit<N extends EventName<ToServer<M>>>(name: N, ...data: DataArgument<ToServer<M>[N]>): boolean {
    return this.#client.emit(name, ...data)
  }

  /**
   * Sends an event to the node that serves, and waits for its listeners; to the next server when that one ends before:
   * `delivery.redelivered` says that it may have been handled by the last one.
   */
  send<N extends EventName<ToServer<M>>>(name: N, ...data: DataArgument<ToServer<M>[N]>): Promise<void> {
    return this.#client.send(name, ...data)
  }

  /** Sends an event to all other nodes, at most once. Resolves when the node that serves has passed it on. */
  broadcast<N extends EventName<ToClient<M>>>(name: N, ...data: DataArgument<ToClient<M>[N]>): Promise<void> {
    let sealed: Buffer
    try {
      checkEventName('broadcast', name)
      sealed = sealEnvelope(this.#client.channel.codec, [name], data[0])
    } catch (error) {
      return Promise.reject(asError(error))
    }
    const { requester } = this.#client.channel
    return request(requester, BROADCAST, [sealed, {}], BROADCAST_MS) as Promise<void>
  }

  /** Asks the node that serves; see `EventClient.request`. */
  request<N extends RequestName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], RequestOptions>
  ): Promise<Reply<ServerRequests<M>[N]>> {
    return this.#client.request(name as never, ...(rest as never)) as never
  }

  /** Asks the node that serves for a stream of replies; see `EventClient.stream`. */
  stream<N extends StreamName<ServerRequests<M>>>(
    name: N,
    ...rest: CallArguments<ServerRequests<M>[N], StreamOptions>
  ): AsyncIterableIterator<Item<ServerRequests<M>[N]>, undefined, undefined> & AsyncDisposable {
    return this.#client.stream(name as never, ...(rest as never)) as never
  }

  // ---- the end ----

  /**
   * Leaves: what was sent is acknowledged and what was asked is answered, within `graceMs` (default 2000). When this node
   * serves, another takes its place.
   *
   * @throws SocketError as `EventServer.close`
   */
  close(options: { readonly graceMs?: number | undefined } = {}): Promise<void> {
    const graceMs = readGrace('close', options, 2000)
    this.#closing ??= this.#close(graceMs)
    this.#closing.catch(() => {})
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    this.#ready.resolve()
    await this.#client.close({ graceMs })
    await this.#server?.close({ graceMs })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
