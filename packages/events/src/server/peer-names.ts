/** PeerNames: the connected clients of a server by their names, and who waits for changes of them. */
import type { NameChange } from '../wire/name-change.ts'

interface Named {
  readonly name: string | undefined
}

/** Which names are connected, and by whom. Several clients may have one name. */
export class PeerNames<Peer extends Named> {
  readonly #peers = new Map<string, Set<Peer>>()
  #waiting: (() => void)[] = []

  /** The client that has had the name for the longest time. */
  get(name: string): Peer | undefined {
    for (const peer of this.#peers.get(name) ?? []) return peer
    return undefined
  }

  add(peer: Peer): void {
    if (peer.name === undefined) return
    const peers = this.#peers.get(peer.name)
    if (peers === undefined) this.#peers.set(peer.name, new Set([peer]))
    else peers.add(peer)
    this.#changed()
  }

  delete(peer: Peer): void {
    if (peer.name === undefined) return
    const peers = this.#peers.get(peer.name)
    if (peers?.delete(peer) !== true) return
    if (peers.size === 0) this.#peers.delete(peer.name)
    this.#changed()
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /**
   * The names that a client may see, then what changes. A reader that is slow misses no state, only steps between: what came
   * and left again meanwhile is left out.
   */
  async *changes(maySee: (peer: Peer) => boolean, signal: AbortSignal): AsyncGenerator<NameChange> {
    let known = new Set<string>()
    let first = true
    for (;;) {
      const now = new Set<string>()
      for (const [name, peers] of this.#peers) if ([...peers].some(maySee)) now.add(name)
      const joined = [...now].filter((name) => !known.has(name))
      const left = [...known].filter((name) => !now.has(name))
      known = now
      if (first || joined.length > 0 || left.length > 0) yield { joined, left }
      first = false
      if (signal.aborted) return
      await this.#change(signal)
    }
  }

  /** Resolves at the next change, or when nobody waits for it. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== wake)
        resolve()
      }
      this.#waiting.push(wake)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
