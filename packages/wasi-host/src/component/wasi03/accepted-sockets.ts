/** The stream of connections that `listen` returns. */
import { failureOf } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { AsyncHost } from '../async/host.ts'
import { ENDED, type ItemSource } from '../async/stream.ts'
import { isEnd } from '../error-code.ts'
import type { SharedSocket } from '../socket.ts'
import { SocketEndpoint } from './endpoint.ts'

/** So long a connection that cannot be taken, for a quota, stays in the queue before it is tried again. */
const RETRY_MS = 50

/** Ends well when the component drops it; a connection that cannot be taken waits, and the stream goes on. */
export class AcceptedSockets<S> implements ItemSource<S> {
  readonly #host: AsyncHost
  readonly #listener: SharedSocket
  readonly #endpoint: SocketEndpoint
  readonly #make: (id: number) => S
  #retrying = false
  #dropped = false

  constructor(host: AsyncHost, listener: SharedSocket, make: (id: number) => S) {
    this.#host = host
    this.#listener = listener
    this.#endpoint = new SocketEndpoint(host, listener.id, 'read')
    this.#make = make
  }

  next(wake: () => void): S | typeof NOT_YET | typeof ENDED {
    if (this.#dropped) return ENDED
    if (this.#retrying || !this.#endpoint.isReady(wake)) return NOT_YET
    try {
      return this.#make(this.#accept())
    } catch (error) {
      if (isEnd(error)) throw error
      // EMFILE of a quota passes; a listener that is broken does not.
      if (failureOf(error).code !== 'EMFILE') return ENDED
      this.#retryLater(wake)
      return NOT_YET
    }
  }

  #accept(): number {
    const { sockets } = this.#host
    const { id } = sockets.accept(this.#listener.id, false) as { readonly id: number }
    const keepsAlive = Number(sockets.getOption(this.#listener.id, 'SO_KEEPALIVE')) !== 0
    if (keepsAlive) void sockets.setOption(id, 'SO_KEEPALIVE', 1)
    return id
  }

  #retryLater(wake: () => void): void {
    this.#retrying = true
    const { stopping } = this.#host
    const stop = (): void => clearTimeout(timer)
    const timer = setTimeout(() => {
      stopping.delete(stop)
      this.#retrying = false
      wake()
    }, RETRY_MS)
    stopping.add(stop)
  }

  drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    this.#endpoint.close()
    void this.#listener.release(this.#host)
  }
}
