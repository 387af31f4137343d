import { watch, type Readiness, type SocketError, type SocketHandle, type Watcher } from '@uds/winsock-ffi'

/**
 * The one watch on a socket, for what is wanted of it at the time: libuv takes one poll handle for each socket, so
 * reading and writing have to share it.
 */
export class SocketWatcher {
  readonly #handle: SocketHandle
  readonly #callback: (error: SocketError | null, ready: Readiness) => void
  #watcher: Watcher | undefined
  #readable = false
  #writable = false
  #referenced = true

  constructor(handle: SocketHandle, callback: (error: SocketError | null, ready: Readiness) => void) {
    this.#handle = handle
    this.#callback = callback
  }

  set(wanted: { readonly readable?: boolean; readonly writable?: boolean }): void {
    const { readable = this.#readable, writable = this.#writable } = wanted
    if (readable === this.#readable && writable === this.#writable) return
    this.#readable = readable
    this.#writable = writable
    this.#watcher?.close()
    this.#watcher = undefined
    if (!readable && !writable) return
    this.#watcher = watch(this.#handle, { readable, writable }, this.#callback)
    if (!this.#referenced) this.#watcher.unref()
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
    this.set({ readable: false, writable: false })
  }
}
