/** The stream of connections that `listen` returns. */
import { failureOf } from '../../outcome/failure.ts'
import { NOT_YET, SyncPromise } from '../../outcome/sync-promise.ts'
import type { AsyncHost } from '../async/host.ts'
import { ENDED, type ItemSource } from '../async/stream.ts'
import { isEnd } from '../error-code.ts'
import type { SharedSocket } from '../socket.ts'

/** So long a connection that cannot be taken, for a quota, stays in the queue before it is tried again. */
const RETRY_MS = 50

/** Ends well when the component drops it; a connection that cannot be taken waits, and the stream goes on. */
export class AcceptedSockets<S> implements ItemSource<S> {
  readonly #host: AsyncHost
  readonly #listener: SharedSocket
  readonly #make: (id: number) => S
  #waiting = false
  #dropped = false
  #wake: () => void = () => {}

  constructor(host: AsyncHost, listener: SharedSocket, make: (id: number) => S) {
    this.#host = host
    this.#listener = listener
    this.#make = make
  }

  next(wake: () => void): S | typeof NOT_YET | typeof ENDED {
    if (this.#dropped) return ENDED
    this.#wake = wake
    if (this.#waiting) return NOT_YET
    const { sockets } = this.#host.guest
    const { id } = this.#listener
    const ready = sockets.ready(id, true, false)
    if (ready instanceof SyncPromise) {
      this.#waiting = true
      ready.settle(this.#again, (error) => this.#host.tasks.fail(error))
      return NOT_YET
    }
    try {
      const accepted = sockets.accept(id, false) as { readonly id: number }
      const keepsAlive = Number(sockets.getOption(id, 'SO_KEEPALIVE')) !== 0
      if (keepsAlive) void sockets.setOption(accepted.id, 'SO_KEEPALIVE', 1)
      return this.#make(accepted.id)
    } catch (error) {
      if (isEnd(error)) throw error
      // EMFILE of a quota passes; a listener that is broken does not.
      if (failureOf(error).code !== 'EMFILE') return ENDED
      this.#retryLater()
      return NOT_YET
    }
  }

  readonly #again = (): void => {
    this.#waiting = false
    if (this.#dropped) return
    try {
      this.#wake()
    } catch (error) {
      this.#host.tasks.fail(error)
    }
  }

  #retryLater(): void {
    this.#waiting = true
    const { stopping } = this.#host
    const stop = (): void => clearTimeout(timer)
    const timer = setTimeout(() => {
      stopping.delete(stop)
      this.#again()
    }, RETRY_MS)
    stopping.add(stop)
  }

  drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    void this.#listener.release(this.#host)
  }
}
