/** What joins servers of several machines, or processes, to one: an adapter, as users of socket.io know it. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { asError } from '../errors/errors.ts'
import type { Elsewhere } from '../handlers/elsewhere.ts'
import { isThenable } from '../handlers/listeners.ts'
import type { RemoteCall, RemoteClient, RemoteSend } from './remote.ts'

/** What a server says to all of its clients, or to those in rooms. */
export interface RoomBroadcast {
  readonly name: string
  /** As it was passed to `broadcast`: not encoded, not checked. */
  readonly data: unknown
  /** Only to those in one of these rooms; undefined: to all. */
  readonly rooms: readonly string[] | undefined
  /** Not to the clients with these session ids. */
  readonly except: readonly string[]
}

/** A client, as an adapter sees it. */
export interface AdapterPeer {
  /** The id of the session: a secret of the client. */
  readonly id: string
  readonly name: string | undefined
}

/** A server, as its adapter sees it. */
export interface AdapterHost {
  /** Where the server listens; empty for one that does not. */
  readonly address: string
  /** The rooms that have members here. */
  readonly rooms: readonly string[]
  /** The clients that are connected to this server. */
  readonly peers: readonly AdapterPeer[]
  /**
   * Delivers what another server said to the clients of this one; the adapter is not called for it.
   *
   * @returns false when some client has enough on its way
   */
  deliver(broadcast: RoomBroadcast): boolean
  /** True when this server has a handler for the request, `handleOthers` included. */
  handles(name: string): boolean
  /** True when this server has a listener for the event, `onOthers` included. */
  listens(name: string): boolean
  /** Calls the listeners of an event that a client of another server emitted. What they throw is reported here. */
  event(name: string, data: unknown, from: RemoteClient): void
  /**
   * Calls the listeners of a message that a client of another server sent. Rejects with what they throw. With a journal they
   * get its transaction, and a message whose id was handled before is not handled again.
   */
  send(name: string, data: unknown, from: RemoteClient, message: RemoteSend): Promise<void>
  /** Calls the handler of a request that a client of another server made: the same errors, middleware and contract. */
  request(name: string, input: unknown, from: RemoteClient, stream: boolean): RemoteCall
  /** Says an event to one client of this server, or moves it into or out of a room. False: there is no such client. */
  tell(id: string, action: 'emit' | 'join' | 'leave', name: string, data?: unknown): boolean
}

/**
 * Carries what one server says to the others. Its methods are called in the order of what happens; what one of them
 * throws, or rejects with, is reported by the server's `error`, and changes nothing for the clients of this server.
 */
export interface Adapter {
  /** Called once, before the first client is served; `listen` waits for it, and fails with what it throws. */
  attach(host: AdapterHost): unknown
  /** The server has said something to its own clients. What returns false makes `broadcast` return false. */
  broadcast(broadcast: RoomBroadcast): unknown
  /** A client has joined a room. */
  joined(room: string, peer: AdapterPeer): unknown
  /** A client has left a room, or its session is over. */
  left(room: string, peer: AdapterPeer): unknown
  /** Called once, when the server has closed; `close` waits for it. */
  detach(): unknown
  /** Handles a request of a client that this server has no handler for; undefined: nor has the adapter. */
  handler?(name: string): ReturnType<Elsewhere['handler']>
  /** Takes an event of a client that this server has no listener for; undefined: the adapter does not want it. */
  listener?(name: string, kind: 'emit' | 'send'): ReturnType<Elsewhere['listener']>
  /** Handlers or listeners of this server have come or gone. */
  changed?(): void
  /** Something is said to a client of another server, which a handler here has met. */
  tell?(client: RemoteClient, action: 'emit' | 'join' | 'leave', name: string, data: unknown): boolean
}

const METHODS = ['attach', 'broadcast', 'joined', 'left', 'detach'] as const

/** @throws TypeError `ERR_INVALID_ARG_TYPE` */
export const checkAdapter = (where: string, adapter: Partial<Adapter> | null | undefined): void => {
  if (adapter === undefined) return
  const lacks = METHODS.find((method) => typeof adapter?.[method] !== 'function')
  if (lacks !== undefined) throw invalidArgument(where, 'adapter', `an Adapter, with ${lacks}()`, adapter)
}

/** Calls the adapter of a server, if it has one, from its attachment to its detachment. */
export class AdapterCalls {
  #adapter: Adapter | undefined
  readonly #report: (error: Error) => void
  #attached = false

  /** @param report - receives what the adapter throws */
  constructor(adapter: Adapter | undefined, report: (error: Error) => void) {
    this.#adapter = adapter
    this.#report = report
  }

  /** What the adapter takes that nobody here handles. */
  get elsewhere(): Elsewhere | undefined {
    return this.#attached ? this.#elsewhere : undefined
  }

  #elsewhere: Elsewhere | undefined

  /** Rejects with what the adapter throws. */
  async attach(host: AdapterHost): Promise<void> {
    const adapter = this.#adapter
    if (adapter === undefined || this.#attached) return
    this.#attached = true
    this.#elsewhere = {
      handler: (name) => adapter.handler?.(name),
      listener: (name, kind) => adapter.listener?.(name, kind),
    }
    await adapter.attach(host)
  }

  /** Puts another adapter in the place of none. */
  async replace(adapter: Adapter, host: AdapterHost): Promise<void> {
    if (this.#adapter !== undefined)
      throw invalidValue('attach', 'adapter', 'is one too many: this server has one', adapter)
    this.#adapter = adapter
    try {
      await this.attach(host)
    } catch (error) {
      this.#adapter = undefined
      this.#attached = false
      throw error
    }
  }

  /** Takes this adapter out, if it is the one; never rejects. */
  async remove(adapter: Adapter): Promise<void> {
    if (this.#adapter !== adapter) return
    await this.detach()
    this.#adapter = undefined
  }

  /** False when the adapter has enough on its way. */
  broadcast(broadcast: RoomBroadcast): boolean {
    return this.#call((adapter) => adapter.broadcast(broadcast)) !== false
  }

  changed(): void {
    this.#call((adapter) => adapter.changed?.())
  }

  tell(client: RemoteClient, action: 'emit' | 'join' | 'leave', name: string, data: unknown): boolean {
    // What it throws is the caller's: a handler that says something to a client of another server.
    return !this.#attached || this.#adapter?.tell?.(client, action, name, data) !== false
  }

  moved(room: string, { id, name }: AdapterPeer, joined: boolean): void {
    this.#call((adapter) => (joined ? adapter.joined(room, { id, name }) : adapter.left(room, { id, name })))
  }

  /** Resolves when the adapter has detached; never rejects. */
  async detach(): Promise<void> {
    if (this.#adapter === undefined || !this.#attached) return
    this.#attached = false
    try {
      await this.#adapter.detach()
    } catch (error) {
      this.#report(asError(error))
    }
  }

  #call(call: (adapter: Adapter) => unknown): unknown {
    if (this.#adapter === undefined || !this.#attached) return undefined
    const failed = (error: unknown): void => this.#report(asError(error))
    try {
      const result = call(this.#adapter)
      if (isThenable(result)) result.then(undefined, failed)
      return result
    } catch (error) {
      failed(error)
      return undefined
    }
  }
}
