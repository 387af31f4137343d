/** Readiness of one socket in Node's loop. */
import { watch, type Readiness, type SocketHandle, type Watcher } from '@uds/winsock-ffi'

/**
 * The one watch on a socket, for reading, writing or both, as wanted at the time: libuv takes one poll handle for each
 * socket.
 */
export class SocketWatcher {
  readonly #handle: SocketHandle
  readonly #onReady: (ready: Readiness) => void
  readonly #onFailure: (error: Error) => void
  #watcher: Watcher | undefined
  #readable = false
  #writable = false
  #referenced = true

  /**
   * @param onReady - Called when the socket is ready, and when it is broken: the next call on it has the error.
   * @param onFailure - Called when the socket cannot be watched.
   */
  constructor(handle: SocketHandle, onReady: (ready: Readiness) => void, onFailure: (error: Error) => void) {
    this.#handle = handle
    this.#onReady = onReady
    this.#onFailure = onFailure
  }

  /** What is watched now. */
  get readable(): boolean {
    return this.#readable
  }

  get writable(): boolean {
    return this.#writable
  }

  set(wanted: { readonly readable?: boolean; readonly writable?: boolean }): void {
    const { readable = this.#readable, writable = this.#writable } = wanted
    if (readable === this.#readable && writable === this.#writable) return
    this.#readable = readable
    this.#writable = writable
    try {
      if (this.#watcher) return this.#watcher.setInterest({ readable, writable })
      if (!readable && !writable) return
      this.#watcher = watch(this.#handle, { readable, writable }, (error, ready) =>
        this.#report(error, ready),
      )
      if (!this.#referenced) this.#watcher.unref()
    } catch (error) {
      this.#readable = this.#writable = false
      // The caller may be in a constructor, or in a microtask of its own.
      setImmediate(() => this.#onFailure(error as Error))
    }
  }

  ref(): void {
    this.#referenced = true
    this.#watcher?.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#watcher?.unref()
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#readable = this.#writable = false
  }

  #report(error: Error | null, ready: Readiness): void {
    if (!error) return this.#onReady(ready)
    // The watch has ended; what had arrived is still there to be read, and the read finds the error.
    const wanted = { readable: this.#readable, writable: this.#writable }
    this.#watcher = undefined
    this.#readable = this.#writable = false
    this.#onReady(wanted)
  }
}
