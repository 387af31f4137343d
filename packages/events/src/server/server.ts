/** EventServer. */
import type { Duplex } from 'node:stream'
import { type Address, listen as openListener, type Listener as StreamListener } from '@uds/stream'
import { checkOptions, invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { endpoint } from '../address.ts'
import type { MissedLimits } from '../channel/emitter.ts'
import type { ChannelOwner } from '../channel/owner.ts'
import { builtInCodecs, readCodec } from '../codecs/select.ts'
import { type Checks, checksOf } from '../contract/contract.ts'
import { asError, failure } from '../errors/errors.ts'
import { EventEnd } from '../end/event-end.ts'
import type { Delivery } from '../handlers/handler.ts'
import { HandlerRegistry } from '../handlers/registry.ts'
import { checkJournal } from '../journal/database.ts'
import { HandledJournal } from '../journal/handled-journal.ts'
import type { AnyMap, CheckedMap, EventName, ServerRequests, ToClient, ToServer, Work } from '../map.ts'
import { checkName } from '../names.ts'
import type { ReportAnswers } from '../reporting/answer.ts'
import type { Report, ReportSource } from '../reporting/reporter.ts'
import { checkFunction, checkSignal, count, readGrace, milliseconds, ofType, oneOf } from '../options.ts'
import { checkText, type EndSettings, endSettings } from '../end/options.ts'
import { OutgoingNames } from '../wire/interned-names.ts'
import type { WorkOptions, WorkQueue } from '../work-queues/work-queue.ts'
import { WorkQueues } from '../work-queues/work-queues.ts'
import { type UpgradeRequest, webSocketConnection, type WebSocketOptions } from '../web-sockets/accept.ts'
import type { WebSocketLike } from '../web-sockets/web-socket-duplex.ts'
import { type Adapter, AdapterCalls, type AdapterHost, checkAdapter } from './adapter.ts'
import { knownUserAt, requireCredentials } from './authorize.ts'
import { Broadcaster, type BroadcastOptions, type RoomTarget } from './broadcast.ts'
import { SERVER_OPTIONS, type ServerEvents, type ServerOptions } from './options.ts'
import { handleOwnRequests } from './own-requests.ts'
import { PeerNames } from './peer-names.ts'
import { type PeerContext, ServerPeer } from './peer.ts'
import { closing, ServerHandshake, type HandshakeSettings } from './handshake.ts'
import { RemoteMessages } from './remote.ts'
import { Rooms } from './rooms.ts'
import { Sessions } from './sessions.ts'

/** What a server hears. */
export interface ServerTypes<M extends object> {
  events: ToServer<M>
  local: ServerEvents<M>
  requests: ServerRequests<M>
  extra: [peer: ServerPeer<M>, delivery: Delivery]
  from: ServerPeer<M>
  peer: ServerPeer<M>
}

/**
 * The meeting place of many clients: typed events, acknowledged messages, requests and streams. Nothing that a client
 * does can end the process, or harm another client.
 */
export class EventServer<M extends object = AnyMap>
  extends EventEnd<ServerTypes<M>>
  implements PeerContext<M>
{
  /** @internal */
  readonly settings: EndSettings
  /** @internal */
  readonly rooms: Rooms<ServerPeer<M>> = new Rooms()
  /** @internal */
  protected readonly handlers: HandlerRegistry
  readonly #checks: Checks | undefined
  readonly #names: OutgoingNames
  readonly #sessions: Sessions<M>
  readonly #work: WorkQueues
  readonly #peerNames = new PeerNames<ServerPeer<M>>()
  readonly #handshake: ServerHandshake<M>
  readonly #broadcaster: Broadcaster<M>
  readonly #journal: HandledJournal | undefined
  readonly #options: ServerOptions<M, EventServer<M>>
  readonly #adapter: AdapterCalls
  readonly #remote: RemoteMessages<M>
  #listens = false
  #listener: StreamListener | undefined
  #reports: ReportAnswers | undefined
  #closing: Promise<void> | undefined

  private constructor(options: ServerOptions<M, EventServer<M>>) {
    super()
    const settings = handshakeSettings(options)
    this.settings = settings
    this.#options = options
    this.#adapter = new AdapterCalls(options.adapter, (error) => this.handlers.report(error))
    this.#checks = checksOf('listen', 'server', options.contract)
    this.#names = new OutgoingNames(settings.maxNames)
    const limits = {
      sessionMs: milliseconds('listen', 'sessionMs', options.sessionMs, 30_000),
      maxSessions: count('listen', 'maxSessions', options.maxSessions, 10_000, 0),
    }
    this.#sessions = new Sessions(limits, (peer) => {
      this.rooms.leaveAll(peer)
      peer.channel.abandon()
    })
    this.handlers = new HandlerRegistry(
      ([peer, delivery]) => ({
        delivery: delivery as Delivery,
        peer,
        connection: (peer as ServerPeer<M>).channel.link,
      }),
      () => `server at ${this.address}`,
    )
    this.handlers.owner = this
    this.#broadcaster = new Broadcaster({
      names: this.#names,
      rooms: this.rooms,
      connected: this.#sessions.connected,
      all: () => this.#sessions.all(),
      missed: missedLimits(options.missed),
      said: (broadcast) => this.#adapter.broadcast(broadcast),
      skipsSlow: oneOf('listen', 'slowConsumer', options.slowConsumer, ['disconnect', 'skip']) === 'skip',
      report: (error, peer) => this.handlers.report(error, peer),
    })
    this.#journal = options.journal === undefined ? undefined : new HandledJournal(options.journal)
    this.#handshake = new ServerHandshake({
      settings,
      sessions: this.#sessions,
      journal: this.#journal,
      newPeer: (session, codec, owner) => new ServerPeer<M>(this, session, codec, owner),
      nameTaken: (name, by) => this.#nameTaken(name, by),
      connected: (peer, resumed) => {
        this.#peerNames.add(peer)
        this.#tell('connection', peer, { resumed })
      },
      disconnected: (peer, reason) => {
        this.#peerNames.delete(peer)
        this.#work.leave(peer)
        this.#tell('disconnect', peer, reason)
      },
      report: (error) => this.handlers.report(error),
    })
    this.rooms.changed = (room, peer, joined) => this.#adapter.moved(room, peer, joined)
    this.#remote = new RemoteMessages({
      peers: { settings, rooms: this.rooms, ownerOf: (peer) => this.#remoteOwnerOf(peer) },
      handlers: this.handlers,
      journal: this.#journal,
      tell: (...args) => this.#adapter.tell(...args),
    })
    this.handlers.changed = () => this.#adapter.changed()
    this.#work = new WorkQueues({ handlers: this.handlers, journal: options.journal })
    handleOwnRequests({
      options,
      handlers: this.handlers,
      names: this.#peerNames,
      report: (peer) => this.#report(peer),
    })
  }

  /**
   * Listens.
   *
   * @param address - a name (`chat`), or any address of `@uds/stream`: `unix:/run/chat.sock`, `tcp:127.0.0.1:0`
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
   * @throws SocketError what listening fails with (`EADDRINUSE`, `EACCES`, ...); the signal's reason
   */
  static async listen<M extends CheckedMap<M> = AnyMap>(
    address: string | Address,
    options: ServerOptions<M, EventServer<M>> = {},
  ): Promise<EventServer<M>> {
    const at = endpoint('listen', address, options.transport)
    checkFunction('listen', 'setUp', options.setUp)
    if (options.authorize === 'sameUser') requireCredentials(at, options.transport)
    const server = new EventServer<M>(options)
    try {
      await server.#listen(at, options)
    } catch (error) {
      server.#journal?.close()
      throw error
    }
    return server
  }

  /** A server that listens nowhere yet: connections come by {@link accept}, or from {@link listen} on. */
  static detached<M extends CheckedMap<M> = AnyMap>(options: ServerOptions<M> = {}): EventServer<M> {
    if (options.setUp !== undefined) {
      throw invalidValue(
        'detached',
        'setUp',
        'is for listen; set up the server that detached returns',
        options.setUp,
      )
    }
    const server = new EventServer<M>(options)
    server.#attach().catch((error: unknown) => server.handlers.report(asError(error)))
    return server
  }

  /**
   * Listens, with the options that {@link detached} got: for handlers that are set before the first client is served.
   *
   * @throws SocketError as the static `listen`; `ERR_CLOSED` after `close`. A server that listens already: `ERR_LISTENING`
   */
  async listen(address: string | Address): Promise<this> {
    const options = this.#options
    const at = endpoint('listen', address, options.transport)
    if (this.#closing !== undefined) throw failure('listen', 'ERR_CLOSED', 'this server was closed')
    if (this.#listens) throw failure('listen', 'ERR_LISTENING', 'this server listens already')
    if (options.authorize === 'sameUser') requireCredentials(at, options.transport)
    await this.#listen(at, options)
    return this
  }

  async #listen(at: string | Address, options: ServerOptions<M, EventServer<M>>): Promise<void> {
    const user = knownUserAt(at, options.transport)
    this.#listens = true
    try {
      const listener = await openListener(at, {
        ...options.listen,
        signal: options.signal ?? options.listen?.signal,
        ...(options.transport !== undefined && { transport: options.transport }),
      })
      this.#listener = listener
      listener.on('connectionError', (error) => this.handlers.report(error))
      // Clients wait in the listener meanwhile.
      await this.#attach()
      if (options.setUp !== undefined) await options.setUp(this)
      listener.on('connection', (connection) => this.#handshake.accept(connection, undefined, user))
    } catch (error) {
      await this.#adapter.detach()
      await this.#listener?.close({ graceMs: 0 })
      this.#listener = undefined
      this.#listens = false
      throw error
    }
  }

  /** Where it listens; `EventClient.connect` takes it. Empty for a detached server. */
  get address(): string {
    return this.#listener?.address ?? ''
  }

  /** The clients that are connected now. */
  get peers(): ServerPeer<M>[] {
    return [...this.#sessions.connected]
  }

  /** The connected client of this name: of several, the one that has it longest. Nothing proves a name. */
  peer(name: string): ServerPeer<M> | undefined {
    checkName('peer', name)
    return this.#peerNames.get(name)
  }

  #nameTaken(name: string, session: string): boolean {
    if (this.#options.uniqueNames !== true) return false
    const holder = this.#peerNames.get(name)
    return holder !== undefined && holder.id !== session
  }

  /** How many sessions are remembered: the connected, and those that may come back. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  #attach(): Promise<void> {
    return this.#adapter.attach(this.#host())
  }

  /**
   * Joins this server to others, as the option `adapter` does, while it serves already. Resolves when the adapter is
   * attached.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` when it has one; SocketError `ERR_CLOSED`; what the
   *   adapter's `attach` throws
   */
  async attach(adapter: Adapter): Promise<void> {
    checkAdapter('attach', adapter)
    if (this.#closing !== undefined) throw failure('attach', 'ERR_CLOSED', 'this server was closed')
    await this.#adapter.replace(adapter, this.#host())
  }

  /** Takes an adapter out, if it is the one; resolves when it has detached. */
  async detach(adapter: Adapter): Promise<void> {
    await this.#adapter.remove(adapter)
  }

  #host(): AdapterHost {
    const address = (): string => this.address
    const rooms = (): string[] => this.rooms.names()
    const peers = (): ServerPeer<M>[] => this.peers
    const remote = this.#remote
    return {
      get address() {
        return address()
      },
      get rooms() {
        return rooms()
      },
      get peers() {
        return peers()
      },
      deliver: ({ name, data, rooms: among, except }) => {
        const isLeftOut =
          except.length === 0 ? nobody : ({ id }: ServerPeer<M>): boolean => except.includes(id)
        return this.#broadcaster.deliver(name, data, among, isLeftOut)
      },
      handles: (name) => remote.handles(name),
      listens: (name) => remote.listens(name),
      event: (name, data, from) => remote.event(name, data, from),
      send: (name, data, from, message) => remote.send(name, data, from, message),
      request: (name, input, from, stream) => remote.request(name, input, from, stream),
      tell: (id, action, name, data) => {
        const peer = this.#sessions.get(id)
        if (peer === undefined) return false
        if (action === 'emit') peer.channel.emitter.emit(name, data)
        else if (action === 'join') peer.join(name)
        else peer.leave(name)
        return true
      },
    }
  }

  // ---- connections ----

  /**
   * Takes a connection that came some other way: a stream of a browser bridge, of a child process, of a test. The
   * server closes it.
   *
   * @param head - bytes that were read from it already
   */
  accept(connection: Duplex, head?: Uint8Array): void {
    this.#handshake.accept(connection, head, undefined)
  }

  /**
   * Takes a WebSocket of the package `ws`: a browser with `@uds/events/web`. The server closes it.
   *
   * ```ts
   * new WebSocketServer({ server: http }).on('connection', (socket, request) => {
   *   server.acceptWebSocket(socket, request, { origins: ['https://app.example'], names: ['say', 'count'] })
   * })
   * ```
   *
   * @returns false when its origin may not connect: then it was closed
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  acceptWebSocket(socket: WebSocketLike, request: UpgradeRequest, options: WebSocketOptions): boolean {
    const connection = webSocketConnection(socket, request, options, this.settings.maxFrame)
    if (connection !== undefined) this.accept(connection)
    return connection !== undefined
  }

  async #report(peer: ServerPeer<M>): Promise<Report> {
    // Most servers are never asked.
    const { ReportAnswers } = await import('../reporting/answer.ts')
    this.#reports ??= new ReportAnswers(this.reportSource)
    return this.#reports.answer(() => peer.credentials())
  }

  /** @internal */
  get reportSource(): ReportSource {
    const address = (): string => this.address
    return {
      end: this,
      role: 'server',
      get address() {
        return address()
      },
      peers: () => this.peers.map((peer) => ({ peer, name: peer.name, channel: peer.channel })),
    }
  }

  /** @internal */
  ownerOf(peer: ServerPeer<M>): ChannelOwner {
    return {
      ...this.#remoteOwnerOf(peer),
      inbox: this.#journal?.inboxOf(peer.id, peer.owner.id),
      elsewhere: () => this.#adapter.elsewhere,
      drained: () => this.#tell('drain', peer),
    }
  }

  /** What came from elsewhere goes nowhere else, and its ids are the adapter's. */
  #remoteOwnerOf(peer: ServerPeer<M>): ChannelOwner {
    return {
      names: this.#names,
      settings: this.settings,
      handlers: this.handlers,
      checks: this.#checks,
      session: peer.id,
      peer,
      listenerArguments: (data, delivery) => [data, peer, delivery],
      report: (error) => this.handlers.report(error, peer),
      drained: () => {},
    }
  }

  // ---- saying ----

  /**
   * Sends an event to every connected client, or to those in some rooms; at most once each. It is encoded once for each
   * codec.
   *
   * @returns false when some client has enough on its way: wait for its `drain`
   */
  broadcast<N extends EventName<ToClient<M>>>(
    name: N,
    ...rest: undefined extends ToClient<M>[N]
      ? [data?: ToClient<M>[N], options?: BroadcastOptions<M>]
      : [data: ToClient<M>[N], options?: BroadcastOptions<M>]
  ): boolean {
    const [data, options = {}] = rest
    return this.#broadcaster.broadcast(name, data, options)
  }

  /** The clients in some rooms: `server.to('news').except(peer).emit('say', message)`. */
  to(...rooms: string[]): RoomTarget<M> {
    return this.#broadcaster.to(rooms)
  }

  /**
   * The work queue of this name, made by the first call: each message that is pushed goes to one of the clients that asked
   * for it with `client.work`. Where a client may ask before, make it in `setUp`.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for options at a later call; SocketError what a journal cannot be opened for
   */
  work<N extends keyof Work<M> & string>(name: N, options?: WorkOptions): WorkQueue<Work<M>[N]> {
    return this.#work.queue(name, options) as WorkQueue<Work<M>[N]>
  }

  // ---- the end ----

  /**
   * Closes: no new clients; what was sent is acknowledged and what was asked is answered, then the connections end;
   * after `graceMs` (default 2000) at the latest. The clients receive `ERR_CLOSED`, and try to come back.
   *
   * @throws SocketError as `close` of a listener of `@uds/stream`: the socket file stays. The server is closed all the
   *   same.
   */
  close(options: { readonly graceMs?: number | undefined } = {}): Promise<void> {
    const graceMs = readGrace('close', options, 2000)
    this.#closing ??= this.#close(graceMs)
    // A socket file that stays is no reason to end the process of a caller that does not wait.
    this.#closing.catch(() => {})
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    this.#work.stop()
    const links = [...this.#sessions.connected].map((peer) => this.#part(peer, graceMs))
    this.#handshake.close()
    // The listener stops at once; the connections are ended here, gently, each when its work is done.
    const listening = this.#listener?.close({ graceMs: Infinity })
    await Promise.all(links)
    try {
      await listening
    } finally {
      for (const peer of this.#sessions.clear()) {
        peer.channel.close()
      }
      this.handlers.end()
      this.#reports?.close()
      this.#work.close()
      this.#journal?.close()
      await this.#adapter.detach()
      this.#tell('close')
    }
  }

  async #part(peer: ServerPeer<M>, graceMs: number): Promise<void> {
    await peer.channel.settled(graceMs)
    peer.channel.close()
    const link = peer.channel.link
    if (link === undefined) return
    const gone = new Promise<void>((resolve) => link.duplex.once('close', () => resolve()))
    link.goodbye(closing())
    if (!link.duplex.closed) await gone
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets the process end although the server listens; connections keep it alive still. */
  unref(): this {
    this.#listener?.unref()
    return this
  }

  #tell<N extends keyof ServerEvents<M>>(name: N, ...args: ServerEvents<M>[N]): void {
    this.handlers.emitLocal(name, args)
  }
}

const nobody = (): boolean => false

const missedLimits = (options: ServerOptions['missed']): MissedLimits | undefined => {
  checkOptions(options, 'listen', ['limit', 'maxAgeMs'], 'missed.')
  if (options === undefined) return undefined
  return {
    limit: count('listen', 'missed.limit', options.limit, 100),
    maxAgeMs: count('listen', 'missed.maxAgeMs', options.maxAgeMs, 30_000),
  }
}

const handshakeSettings = <M extends object>(
  options: ServerOptions<M, EventServer<M>>,
): HandshakeSettings => {
  const settings = endSettings('listen', options, SERVER_OPTIONS)
  const codecs = (options.codecs ?? builtInCodecs).map((codec) => readCodec('listen', codec))
  const { token, authorize } = options
  checkText('listen', 'token', token)
  // As of an environment variable that is not set: any client could send it.
  if (token === '') throw invalidValue('listen', 'token', 'must not be empty', token)
  checkSignal('listen', options.signal)
  checkFunction('listen', 'joinable', options.joinable)
  checkFunction('listen', 'visible', options.visible)
  checkFunction('listen', 'forwardable', options.forwardable)
  ofType('listen', 'uniqueNames', 'boolean', options.uniqueNames, false)
  checkAdapter('listen', options.adapter)
  checkJournal('listen', options.journal)
  if (authorize !== undefined && authorize !== 'sameUser' && typeof authorize !== 'function') {
    throw invalidArgument('listen', 'authorize', `'sameUser' or a function`, authorize)
  }
  return { ...settings, codecs, token, authorize }
}
