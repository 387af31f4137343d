import { Deadlines } from './deadlines.ts'
import type { ServerPeer } from './peer.ts'

/** How long, and how many, sessions are remembered whose clients are away. */
export interface SessionLimits {
  readonly sessionMs: number
  readonly maxSessions: number
}

/** The clients that a server knows: the connected, and those that may come back. */
export class Sessions<M extends object> {
  readonly #limits: SessionLimits
  readonly #forgotten: (peer: ServerPeer<M>) => void
  readonly #all = new Map<string, ServerPeer<M>>()
  readonly #connected = new Set<ServerPeer<M>>()
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

  get size(): number {
    return this.#all.size
  }

  get(id: string): ServerPeer<M> | undefined {
    return this.#all.get(id)
  }

  /** A client is there. */
  enter(peer: ServerPeer<M>): void {
    this.#all.set(peer.id, peer)
    this.#waiting.delete(peer.id, this.#limits.sessionMs)
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
    if (sessionMs !== Infinity) this.#waiting.add(peer.id, sessionMs)
    if (this.#all.size - this.#connected.size > maxSessions) this.#forgetOldest()
  }

  #forgetOldest(): void {
    for (const [id, { connected }] of this.#all) {
      if (connected) continue
      this.#forget(id)
      return
    }
  }

  #forget(id: string): void {
    const peer = this.#all.get(id)
    if (peer === undefined || peer.connected) return
    this.#all.delete(id)
    this.#waiting.delete(id, this.#limits.sessionMs)
    this.#forgotten(peer)
  }

  /** Forgets all; returns them. */
  clear(): ServerPeer<M>[] {
    const all = [...this.#all.values()]
    this.#all.clear()
    this.#waiting.clear()
    return all
  }
}
