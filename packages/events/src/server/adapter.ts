/** What joins servers of several machines, or processes, to one: an adapter, as users of socket.io know it. */
import { invalidArgument } from '@uds/winsock-ffi'
import { asError } from '../errors.ts'
import { isThenable } from '../handlers/listeners.ts'

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
  /**
   * Delivers what another server said to the clients of this one; the adapter is not called for it.
   *
   * @returns false when some client has enough on its way
   */
  deliver(broadcast: RoomBroadcast): boolean
}

/**
 * Carries what one server says to the others. Its methods are called in the order of what happens; what one of them
 * throws, or rejects with, is reported by the server's `error`, and changes nothing for the clients of this server.
 */
export interface Adapter {
  /** Called once, before the first client is served; `listen` waits for it, and fails with what it throws. */
  attach(host: AdapterHost): unknown
  /** The server has said something to its own clients. */
  broadcast(broadcast: RoomBroadcast): unknown
  /** A client has joined a room. */
  joined(room: string, peer: AdapterPeer): unknown
  /** A client has left a room, or its session is over. */
  left(room: string, peer: AdapterPeer): unknown
  /** Called once, when the server has closed; `close` waits for it. */
  detach(): unknown
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
  readonly #adapter: Adapter | undefined
  readonly #report: (error: Error) => void
  #attached = false

  /** @param report - receives what the adapter throws */
  constructor(adapter: Adapter | undefined, report: (error: Error) => void) {
    this.#adapter = adapter
    this.#report = report
  }

  /** Rejects with what the adapter throws. */
  async attach(host: AdapterHost): Promise<void> {
    if (this.#adapter === undefined || this.#attached) return
    this.#attached = true
    await this.#adapter.attach(host)
  }

  broadcast(broadcast: RoomBroadcast): void {
    this.#call((adapter) => adapter.broadcast(broadcast))
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

  #call(call: (adapter: Adapter) => unknown): void {
    if (this.#adapter === undefined || !this.#attached) return
    const failed = (error: unknown): void => this.#report(asError(error))
    try {
      const result = call(this.#adapter)
      if (isThenable(result)) result.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }
}
