/** StreamEnd: the socket under a HandleChannel or an AncillarySocket: watched, and closed once, with the error that ended it. */
import {
  SocketError,
  sockets,
  type PeerCredentials,
  type Readiness,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { SocketWatcher } from '../native-socket/socket-watcher.ts'

export class StreamEnd {
  readonly handle: SocketHandle
  readonly watcher: SocketWatcher
  readonly #what: string
  #error: Error | undefined

  /** @param what - For messages: `the socket`. */
  constructor(
    handle: SocketHandle,
    what: string,
    onReady: (ready: Readiness) => void,
    onFailure: (error: Error) => void,
  ) {
    handle.setNonblocking(true)
    this.handle = handle
    this.#what = what
    this.watcher = new SocketWatcher(handle, onReady, onFailure)
  }

  get closed(): boolean {
    return this.handle.closed
  }

  /** The error that closed it. */
  get error(): Error | undefined {
    return this.#error
  }

  get peerCredentials(): PeerCredentials {
    return sockets.peerCredentials(this.handle)
  }

  /** @returns False when it was closed already. */
  close(error: Error | undefined): boolean {
    if (this.closed) return false
    this.#error = error
    this.watcher.close()
    try {
      this.handle.close()
    } catch (failure) {
      this.#error ??= failure as Error
    }
    return true
  }

  /** The peer hears the end; what it sends is still received. */
  endHalf(): void {
    try {
      sockets.shutdown(this.handle, 'write')
    } catch {
      // The peer has gone, which the next read finds, or the socket with it.
    }
  }

  closedError(syscall: string): SocketError {
    return new SocketError({
      code: 'EBADF',
      syscall,
      detail: `${this.#what} is closed`,
      cause: this.#error,
    })
  }
}
