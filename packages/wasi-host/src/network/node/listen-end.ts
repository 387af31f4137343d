/** NodeListenEnd: a listening socket over Node's servers. */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address } from '../address.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { ListenEnd, OptionName } from '../network.ts'
import { Signal } from './signal.ts'
import type { Listening } from './dial.ts'
import { NodeStreamEnd } from './stream-end.ts'

/**
 * Connections that wait for `accept` at most, whatever backlog the guest wishes for; Linux' own limit (listen(2)). A
 * system lets the peer of a full queue try again; Node has accepted it already, and could only reset it.
 */
export const LONGEST_QUEUE = 4096

/**
 * A server of Node as a bound socket. Node binds and listens in one, so this listens from `bind` on, and resets
 * connections that come before the guest listens.
 */
export class NodeListenEnd implements ListenEnd {
  readonly signal: Signal = new Signal()
  readonly local: Address | undefined
  readonly #stop: () => void
  readonly #peer: Address | undefined
  readonly #owner: (end: NodeStreamEnd) => void
  #queue: Duplex[] = []
  #listening = false
  #failure: unknown
  #closed = false

  /** @param peer - The address that peers have, where the transport knows none. */
  constructor(
    { server, address, close }: Listening,
    peer: Address | undefined,
    owner: (end: NodeStreamEnd) => void,
  ) {
    this.#owner = owner
    this.#stop = close
    this.local = address
    this.#peer = peer
    server.on('connection', (connection: Duplex) => {
      // It may fail while it is in the queue, or be turned away.
      connection.on('error', () => {})
      if (this.#closed || !this.#listening || this.#queue.length >= LONGEST_QUEUE) {
        refuse(connection)
        return
      }
      this.#queue.push(connection)
      this.signal.notify()
    })
    server.on('error', (error: unknown) => {
      this.#failure = error
      this.signal.notify()
    })
  }

  listen(): void {
    this.#listening = true
  }

  accept(): NodeStreamEnd | typeof NOT_YET {
    const connection = this.#queue.shift()
    if (connection) {
      const end = NodeStreamEnd.of(connection, { peer: this.#peer })
      this.#owner(end)
      return end
    }
    if (this.#failure !== undefined) throw this.#failure
    return NOT_YET
  }

  readable(): boolean {
    return this.#queue.length > 0 || this.#failure !== undefined
  }

  writable(): boolean {
    return false
  }

  available(): number {
    return 0
  }

  hungUp(): boolean {
    return this.#failure !== undefined
  }

  setOption(_name: OptionName, _value: number): boolean {
    return false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stop()
    for (const connection of this.#queue) refuse(connection)
    this.#queue = []
  }
}

/** Refuses a connection: a reset over TCP, a close elsewhere. */
const refuse = (connection: Duplex): void => {
  if (connection instanceof Socket && connection.remoteFamily !== undefined) connection.resetAndDestroy()
  else connection.destroy()
}
