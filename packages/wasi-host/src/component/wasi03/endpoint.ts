/** Where bytes go to or come from without waiting, and when: a socket, or a standard stream of this process. */
import { pollAll } from '../../abi/standard-streams.ts'
import type { Iovec } from '../../memory/guest-memory.ts'
import type { NOT_YET } from '../../outcome/sync-promise.ts'
import { SyncPromise } from '../../outcome/sync-promise.ts'
import { DONTWAIT, type LoopSockets } from '../../sockets/socket-calls.ts'
import type { StandardStream } from '../../wasi/stdio/standard-stream.ts'
import type { AsyncHost } from '../async/host.ts'

export type Direction = 'read' | 'write'

export interface Endpoint {
  /** True when it can be tried now; otherwise `wake` is called whenever that may have changed. */
  isReady(wake: () => void): boolean
  /** Bytes that were moved; of a read 0 is the end. */
  move(bytes: Iovec): number | typeof NOT_YET
  /** Calls nobody any more. */
  close(): void
}

/** Ends the component when what it waits for fails in the host. */
const guarded =
  (host: AsyncHost, wake: () => void): (() => void) =>
  () => {
    try {
      wake()
    } catch (error) {
      host.tasks.fail(error)
    }
  }

export class SocketEndpoint implements Endpoint {
  readonly #host: AsyncHost
  readonly #sockets: LoopSockets
  readonly #id: number
  readonly #reads: boolean
  #unsubscribe: (() => void) | undefined

  constructor(host: AsyncHost, id: number, direction: Direction) {
    this.#host = host
    this.#sockets = host.sockets
    this.#id = id
    this.#reads = direction === 'read'
  }

  isReady(wake: () => void): boolean {
    if (this.#sockets.isReady(this.#id, this.#reads)) return true
    this.#unsubscribe ??= this.#sockets.subscribe(this.#id, guarded(this.#host, wake))
    return false
  }

  move(bytes: Iovec): number {
    const call = this.#reads ? 'receive' : 'send'
    return this.#sockets[call](this.#id, bytes, DONTWAIT) as number
  }

  close(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }
}

export class StandardEndpoint implements Endpoint {
  readonly #host: AsyncHost
  readonly #stream: StandardStream
  readonly #reads: boolean
  #waiting = false

  constructor(host: AsyncHost, stream: StandardStream, direction: Direction) {
    this.#host = host
    this.#stream = stream
    this.#reads = direction === 'read'
  }

  isReady(wake: () => void): boolean {
    if (this.#waiting) return false
    const { readable, writable } = this.#stream.state()
    if (this.#reads ? readable : writable) return true
    // Nothing reports that a standard stream has become ready: it is looked at again and again.
    const request = { stream: this.#stream, read: this.#reads, write: !this.#reads }
    const waiting = pollAll(this.#host.guest, [], [request], -1)
    if (!(waiting instanceof SyncPromise)) return true
    this.#waiting = true
    const woken = guarded(this.#host, wake)
    waiting.settle(
      () => {
        this.#waiting = false
        woken()
      },
      (error) => this.#host.tasks.fail(error),
    )
    return false
  }

  move(bytes: Iovec): number | typeof NOT_YET {
    return this.#reads ? this.#stream.read(bytes.parts()) : this.#stream.write(bytes.parts())
  }

  close(): void {}
}

/** Nowhere: nothing to read, and all is taken. */
export const nowhere: Endpoint = {
  isReady: () => true,
  move: ({ size }) => size,
  close: () => {},
}
