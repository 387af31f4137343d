/** NodeUnixDatagramEnd: a Unix datagram socket, watched in the loop. */
import { watch, type SocketHandle, type Watcher } from '@uds/winsock-ffi'
import { FfiUnixDatagramEnd } from '../ffi/datagram-end.ts'
import type { End } from '../network.ts'
import { Signal } from './signal.ts'

type Listener = Parameters<Signal['on']>[0]

/** Watches the socket while a call waits for it, for what it is not ready for yet. */
class WatchingSignal extends Signal {
  readonly #handle: SocketHandle
  readonly #end: End
  #waiting = 0
  #watcher: Watcher | undefined

  constructor(handle: SocketHandle, end: End) {
    super()
    this.#handle = handle
    this.#end = end
  }

  #watch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    const interest = { readable: !this.#end.readable(), writable: !this.#end.writable() }
    if (!interest.readable && !interest.writable) return
    this.#watcher = watch(this.#handle, interest, () => this.notify())
  }

  override on(listener: Listener): void {
    super.on(listener)
    this.#waiting += 1
    this.#watch()
  }

  override off(listener: Listener): void {
    super.off(listener)
    this.#waiting -= 1
    if (this.#waiting > 0) return
    this.#watcher?.close()
    this.#watcher = undefined
  }
}

/**
 * An AF_UNIX datagram socket in Node's loop, which has no class for them. Nothing is read ahead of the guest, so that
 * a sender waits while the guest does not receive, as it does in the system.
 */
export class NodeUnixDatagramEnd extends FfiUnixDatagramEnd {
  readonly signal: Signal = new WatchingSignal(this.handle, this)

  override close(): void {
    super.close()
    this.signal.notify()
  }
}
