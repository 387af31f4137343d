/** ServerPeer: a client, as its server sees it. */
import { peerCredentials } from '@uds/stream'
import type { PeerCredentials } from '@uds/winsock-ffi'
import { request, requestStream } from '../channel/request-arguments.ts'
import { Channel } from '../channel/channel.ts'
import type { ChannelOwner } from '../channel/owner.ts'
import type { Codec } from '../codecs/codec.ts'
import { failure } from '../errors/errors.ts'
import { keepAlive, keepAliveInterval } from '../wire/keep-alive.ts'
import { type Link, lost } from '../wire/link.ts'
import type {
  CallArguments,
  ClientRequests,
  DataArgument,
  EventName,
  Item,
  Reply,
  RequestName,
  RequestOptions,
  StreamName,
  StreamOptions,
  ToClient,
} from '../map.ts'
import type { SessionOwner } from './authorize.ts'
import type { Rooms } from './rooms.ts'
import type { EndSettings } from '../end/options.ts'

/** What a peer needs of its server. */
export interface PeerContext<M extends object> {
  readonly settings: EndSettings
  readonly rooms: Rooms<ServerPeer<M>>
  /** What the peer's channel needs. */
  ownerOf(peer: ServerPeer<M>): ChannelOwner
}

/** What a server knows of a client: it lives as long as the session, over one connection after the other. */
export class ServerPeer<M extends object = object> {
  /** The id of the session: as good as a password for it, so keep it to yourself. */
  readonly id: string
  /** Anything that the program wants to remember of this peer. */
  data: unknown
  /**
   * Who began the session.
   *
   * @internal
   */
  readonly owner: SessionOwner
  /** @internal */
  readonly channel: Channel
  readonly #context: PeerContext<M>
  #name: string | undefined
  #sentAway = false
  #stopKeepAlive: () => void = () => {}

  /** @internal */
  constructor(context: PeerContext<M>, id: string, codec: Codec, owner: SessionOwner) {
    this.id = id
    this.owner = owner
    this.#context = context
    this.channel = new Channel(context.ownerOf(this), codec, 0)
  }

  /** The name that the client claims; nothing proves it. */
  get name(): string | undefined {
    return this.#name
  }

  /** The machine of a client of another server, whose message an `Adapter` brought; undefined for a client of this one. */
  get machine(): string | undefined {
    return undefined
  }

  /** True while there is a connection. */
  get connected(): boolean {
    return this.channel.link !== undefined
  }

  /** @internal `disconnect` has ended its connection for good. */
  get sentAway(): boolean {
    return this.#sentAway
  }

  /**
   * True when its session is over: it said goodbye, was sent away by `disconnect`, did not come back in time, or the server
   * was closed.
   */
  get closed(): boolean {
    return this.channel.flow.closed !== undefined
  }

  /** The rooms that it is in. */
  get rooms(): readonly string[] {
    return this.#context.rooms.roomsOf(this)
  }

  /** How many messages to it were dropped by the policies of the queues. */
  get dropped(): number {
    return this.channel.flow.queue.dropped
  }

  /** How many `send`s to it are not acknowledged. */
  get unacknowledged(): number {
    return this.channel.sends.size
  }

  /** Bytes for it that wait in this process. */
  get bufferedBytes(): number {
    return this.channel.bufferedBytes
  }

  /**
   * The credentials of the other process, from the system.
   *
   * @throws SocketError `ENOTSUP` where the system reports none, `ERR_DISCONNECTED` without a connection
   */
  credentials(): PeerCredentials {
    const link = this.channel.link
    if (link === undefined) throw lost()
    return peerCredentials(link.duplex)
  }

  /** Sends an event, at most once; see `EventClient.emit`. */
  emit<N extends EventName<ToClient<M>>>(name: N, ...data: DataArgument<ToClient<M>[N]>): boolean
  // One plain parameter: a rest parameter would make an array for every message.
  emit(name: string, data?: unknown): boolean {
    return this.channel.emitter.emit(name, data)
  }

  /** Sends an event and waits for its listeners; see `EventClient.send`. */
  send<N extends EventName<ToClient<M>>>(name: N, ...data: DataArgument<ToClient<M>[N]>): Promise<void>
  send(name: string, data?: unknown): Promise<void> {
    return this.channel.sender.send(name, data)
  }

  /** Asks the client; see `EventClient.request`. */
  request<N extends RequestName<ClientRequests<M>>>(
    name: N,
    ...rest: CallArguments<ClientRequests<M>[N], RequestOptions>
  ): Promise<Reply<ClientRequests<M>[N]>> {
    const reply = request(this.channel.requester, name, rest, this.#context.settings.requestTimeoutMs)
    return reply as Promise<Reply<ClientRequests<M>[N]>>
  }

  /** Asks the client for a stream of replies; see `EventClient.stream`. */
  stream<N extends StreamName<ClientRequests<M>>>(
    name: N,
    ...rest: CallArguments<ClientRequests<M>[N], StreamOptions>
  ): AsyncIterableIterator<Item<ClientRequests<M>[N]>, undefined, undefined> & AsyncDisposable {
    const items = requestStream(this.channel.requester, name, rest, this.#context.settings.requestTimeoutMs)
    return items as AsyncIterableIterator<Item<ClientRequests<M>[N]>, undefined, undefined> & AsyncDisposable
  }

  /** Milliseconds to the client and back. */
  ping(): Promise<number> {
    return this.channel.pings.ping(this.channel.link)
  }

  /** Puts it into a room. It stays there while its session lives. */
  join(room: string): void {
    this.#context.rooms.join(this, room)
  }

  /** Takes it out of a room. */
  leave(room: string): void {
    this.#context.rooms.leave(this, room)
  }

  /**
   * Ends the connection with a reason, and the session with it: the client does not come back, and what is under way to it
   * rejects with `ERR_DISCONNECTED_BY_SERVER`.
   */
  disconnect(message = 'the server ended the connection'): void {
    if (this.channel.link !== undefined) this.#sentAway = true
    this.channel.link?.goodbye(failure('close', 'ERR_DISCONNECTED_BY_SERVER', message))
  }

  /** @internal */
  begin(link: Link, name: string | undefined, theirKeepAliveMs: number): void {
    this.#name = name
    this.#stopKeepAlive = keepAlive(
      link,
      keepAliveInterval(this.#context.settings.keepAliveMs, theirKeepAliveMs),
    )
    this.channel.attach(link)
  }

  /** @internal */
  lose(reason: Error | undefined): void {
    this.#stopKeepAlive()
    this.channel.detach(reason)
  }
}
