/** Sessions: which clients are connected, and which absent ones may come back. */
import type { SessionOwner } from './authorize.ts'
import { Deadlines } from './deadlines.ts'
import type { ServerPeer } from './peer.ts'

/** How long, and how many, sessions are remembered whose clients are away. */
export interface SessionLimits {
  readonly sessionMs: number
  readonly maxSessions: number
}

/** Those whose sessions count together: a process, where the system reports it, else a user. */
const originOf = ({ id, pid }: SessionOwner): string => (pid === undefined ? id : `${id} process ${pid}`)

/** The clients that a server knows: the connected, and those that may come back. */
export class Sessions<M extends object> {
  readonly #limits: SessionLimits
  readonly #forgotten: (peer: ServerPeer<M>) => void
  readonly #all = new Map<string, ServerPeer<M>>()
  readonly #connected = new Set<ServerPeer<M>>()
  /** The absent, by their origin, each in the order in which they left. */
  readonly #absent = new Map<string, Set<ServerPeer<M>>>()
  readonly #waiting: Deadlines<string>

  /** @param forgotten - called when a session is over */
  constructor(limits: SessionLimits, forgotten: (peer: ServerPeer<M>) => void) {
    this.#limits = limits
    this.#forgotten = forgotten
    this.#waiting = new Deadlines((id) => this.#forget(id))
  }

  get connected(): ReadonlySet<ServerPeer<M>> {
    return this.#connected
  }

  /** The connected and the absent. */
  all(): Iterable<ServerPeer<M>> {
    return this.#all.values()
  }

  get size(): number {
    return this.#all.size
  }

  get(id: string): ServerPeer<M> | undefined {
    return this.#all.get(id)
  }

  /** A client is there. */
  enter(peer: ServerPeer<M>): void {
    this.#all.set(peer.id, peer)
    this.#notAbsent(peer)
    this.#connected.add(peer)
  }

  /** A client has no connection. */
  disconnect(peer: ServerPeer<M>): void {
    this.#connected.delete(peer)
  }

  /** A client without a connection is gone for good, or may come back. */
  leave(peer: ServerPeer<M>, forGood: boolean): void {
    const { sessionMs, maxSessions } = this.#limits
    if (forGood || sessionMs === 0 || maxSessions === 0) {
      this.#forget(peer.id)
      return
    }
    const origin = originOf(peer.owner)
    const others = this.#absent.get(origin)
    if (others === undefined) this.#absent.set(origin, new Set([peer]))
    else others.add(peer)
    if (sessionMs !== Infinity) this.#waiting.add(peer.id, sessionMs)
    if (this.#all.size - this.#connected.size > maxSessions) this.#forgetOne()
  }

  #notAbsent(peer: ServerPeer<M>): void {
    this.#waiting.delete(peer.id, this.#limits.sessionMs)
    const origin = originOf(peer.owner)
    const others = this.#absent.get(origin)
    others?.delete(peer)
    if (others?.size === 0) this.#absent.delete(origin)
  }

  /** Of the origin that has the most: a flood of new sessions pushes out its own, the empty ones first. */
  #forgetOne(): void {
    let most: Set<ServerPeer<M>> | undefined
    for (const peers of this.#absent.values()) if (peers.size > (most?.size ?? 0)) most = peers
    if (most === undefined) return
    let oldest: ServerPeer<M> | undefined
    for (const peer of most) {
      oldest ??= peer
      if (!peer.channel.isEmpty) continue
      oldest = peer
      break
    }
    if (oldest !== undefined) this.#forget(oldest.id)
  }

  #forget(id: string): void {
    const peer = this.#all.get(id)
    if (peer === undefined || peer.connected) return
    this.#all.delete(id)
    this.#notAbsent(peer)
    this.#forgotten(peer)
  }

  /** Forgets all; returns them. */
  clear(): ServerPeer<M>[] {
    const all = [...this.#all.values()]
    this.#all.clear()
    this.#absent.clear()
    this.#waiting.clear()
    return all
  }
}
