/** RemotePeer, RemoteMessages: the clients of other servers, and what they say to the handlers of this one. */
import { RunningRequest } from '../channel/running-request.ts'
import { failure } from '../errors/errors.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import { json } from '../codecs/json.ts'
import type { HandledJournal } from '../journal/handled-journal.ts'
import { isReserved } from '../names.ts'
import { type PeerContext, ServerPeer } from './peer.ts'

/** A client of another server, as the adapter knows it. */
export interface RemoteClient {
  /** The same for the same client, and of no other: not its session, which is a secret. */
  readonly id: string
  /** The machine, or process, whose server it is connected to. */
  readonly machine: string
  /** The name that it claims. */
  readonly name: string | undefined
}

/** What an adapter knows of a message that was sent, and not only emitted. */
export interface RemoteSend {
  /** The same at every redelivery. */
  readonly id: string
  readonly redelivered: boolean
}

/** A request of a client of another server, while it is handled. */
export interface RemoteCall {
  /** What the handler returns, or a promise of it; it throws, or rejects, with what the handler throws. */
  readonly result: unknown
  /** Nobody waits for the answer any more: aborts the handler's signal. */
  cancel(): void
}

type Tell = (client: RemoteClient, action: 'emit' | 'join' | 'leave', name: string, data: unknown) => boolean

/**
 * A client of another server: what it says comes by way of an adapter. `emit`, `join` and `leave` go back that way; what
 * waits for an answer of the client is refused with `ENOTSUP`.
 */
export class RemotePeer<M extends object = object> extends ServerPeer<M> {
  readonly #client: RemoteClient
  readonly #tell: Tell

  /** @internal */
  constructor(context: PeerContext<M>, client: RemoteClient, tell: Tell) {
    super(context, client.id, json, { id: client.machine, pid: undefined })
    this.#client = client
    this.#tell = tell
  }

  override get machine(): string {
    return this.#client.machine
  }

  override get name(): string | undefined {
    return this.#client.name
  }

  /** What is said to it leaves this machine; whether it is still there is not known here. */
  override get connected(): boolean {
    return true
  }

  override emit(name: string, data?: unknown): boolean {
    return this.#tell(this.#client, 'emit', name, data)
  }

  override send(): Promise<never> {
    return Promise.reject(this.#cannot('send'))
  }

  override request(): Promise<never> {
    return Promise.reject(this.#cannot('request'))
  }

  override stream(): never {
    throw this.#cannot('stream')
  }

  override ping(): Promise<never> {
    return Promise.reject(this.#cannot('ping'))
  }

  override join(room: string): void {
    this.#tell(this.#client, 'join', room, undefined)
  }

  override leave(room: string): void {
    this.#tell(this.#client, 'leave', room, undefined)
  }

  override disconnect(): void {
    throw this.#cannot('disconnect')
  }

  #cannot(action: string): Error {
    const detail = `a client of ${this.machine} takes emit, join and leave from here; its own server can ${action}`
    return failure(action, 'ENOTSUP', detail)
  }
}

/** What {@link RemoteMessages} need of their server. */
export interface RemoteContext<M extends object> {
  readonly peers: PeerContext<M>
  readonly handlers: HandlerRegistry
  readonly journal: HandledJournal | undefined
  readonly tell: Tell
}

/** Clients of other servers that are remembered; of more, those that were silent the longest are met anew. */
const MOST_PEERS = 10_000

/** Passes what clients of other servers say to the handlers of this one. */
export class RemoteMessages<M extends object> {
  readonly #context: RemoteContext<M>
  readonly #peers = new Map<string, RemotePeer<M>>()

  constructor(context: RemoteContext<M>) {
    this.#context = context
  }

  /** The same object as long as the client is remembered. */
  peerOf(client: RemoteClient): RemotePeer<M> {
    const { id } = client
    const known = this.#peers.get(id)
    if (known !== undefined) {
      if (this.#peers.size > MOST_PEERS / 2) {
        this.#peers.delete(id)
        this.#peers.set(id, known)
      }
      return known
    }
    const peer = new RemotePeer<M>(this.#context.peers, client, this.#context.tell)
    this.#peers.set(id, peer)
    if (this.#peers.size > MOST_PEERS) {
      for (const oldest of this.#peers.keys()) {
        this.#peers.delete(oldest)
        break
      }
    }
    return peer
  }

  handles(name: string): boolean {
    const { handlers } = this.#context
    return handlers.requests.has(name) || handlers.handlerOfOthers(name) !== undefined
  }

  listens(name: string): boolean {
    const { handlers } = this.#context
    return !isReserved(name) && (handlers.eventListeners.has(name) || handlers.others !== undefined)
  }

  event(name: string, data: unknown, from: RemoteClient): void {
    this.peerOf(from).channel.events.event(name, data)
  }

  async send(
    name: string,
    data: unknown,
    from: RemoteClient,
    message: { readonly id: string; readonly redelivered: boolean },
  ): Promise<void> {
    const { events } = this.peerOf(from).channel
    const { journal } = this.#context
    if (journal === undefined) await events.deliver(name, data, message)
    else
      await journal.once(message.id, (transaction) => events.deliver(name, data, { ...message, transaction }))
  }

  request(name: string, input: unknown, from: RemoteClient, stream: boolean): RemoteCall {
    const { handlers } = this.#context
    const handler = handlers.requests.get(name) ?? handlers.handlerOfOthers(name)
    if (handler === undefined) throw failure('request', 'ERR_NO_HANDLER', `nobody handles '${name}'`)
    const peer = this.peerOf(from)
    const kind = stream ? 'stream' : 'request'
    // The adapter paces a stream of answers: no credit is counted here.
    const running = new RunningRequest(name, kind, peer, 0)
    const { pipeline } = peer.channel
    const handle = (checked: unknown): unknown =>
      (handler as (input: unknown, context: unknown) => unknown)(checked, running)
    const result = pipeline.isEmpty ? handle(input) : pipeline.run(kind, name, input, false, handle)
    return { result, cancel: () => running.cancel() }
  }
}
