/**
 * Keeps a net.Server from losing connections when descriptors run out. libuv has one in reserve: when accept(2) fails
 * with EMFILE, it accepts every waiting connection with that one and closes it without a word (uv__emfile_trick,
 * https://github.com/libuv/libuv/blob/v1.x/src/unix/stream.c). net.Server cannot be paused. So while descriptors are
 * few, a copy of the listening socket replaces the net.Server, and this class accepts: a connection without room waits
 * in the backlog.
 */
import type { Server, Socket } from 'node:net'
import { adopt, SocketError, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { startAcceptLoop, type AcceptLoop } from '../listener/accept-loop.ts'
import { duplicate } from '../descriptors/duplicate.ts'
import { arePlenty, areScarce } from '../descriptors/scarcity.ts'
import { system } from '@uds/winsock-ffi/internal'

/** Windows allows millions of handles. */
const canRunOut = system !== 'win32'
const LOOK_AGAIN_MS = 1000

/** The options that net.Server makes its connections with. */
export interface NetAcceptorOptions {
  readonly allowHalfOpen: boolean
  readonly pauseOnCreate: boolean
  readonly noDelay: boolean
}

interface Handled {
  readonly _handle?: { readonly fd?: number } | null
}

const fdOf = (thing: unknown): number => (thing as Handled)._handle?.fd ?? -1

/** The listening socket while the net.Server does not have it. */
interface DetachedSocket {
  readonly handle: SocketHandle
  readonly clients: AcceptLoop
  readonly timer: NodeJS.Timeout
}

export class NetAcceptor {
  readonly #server: Server
  readonly #options: NetAcceptorOptions
  readonly #onConnection: (socket: Socket) => void
  readonly #onError: (error: Error) => void
  #detached: DetachedSocket | undefined
  #referenced = true
  #closed = false
  #reported = false

  /** @param server - A net.Server that listens. */
  constructor(
    server: Server,
    options: NetAcceptorOptions,
    onConnection: (socket: Socket) => void,
    onError: (error: Error) => void,
  ) {
    this.#server = server
    this.#options = options
    this.#onConnection = onConnection
    this.#onError = onError
  }

  /** Called with each connection that the net.Server has made. */
  watch(socket: Socket): void {
    if (!canRunOut || this.#closed) return
    const fd = fdOf(socket)
    if (fd < 0) return
    if (!areScarce(fd)) this.#reported = false
    else if (!this.#reported) this.#detach()
  }

  #detach(): void {
    const fd = fdOf(this.#server)
    // In a worker process of node:cluster the primary process has the listening socket.
    if (fd < 0) return
    try {
      const found = this.#server.address()
      const family = typeof found === 'string' || !found ? 'unix' : found.family === 'IPv6' ? 'inet6' : 'inet'
      const handle = sockets.fromFd(duplicate(fd).release(), family)
      // The copy keeps the socket listening.
      this.#server.close()
      const clients = startAcceptLoop(handle, (client) => this.#adopt(client), this.#onError)
      if (!this.#referenced) clients.unref()
      const timer = setInterval(() => arePlenty() && this.#reattach(), LOOK_AGAIN_MS)
      this.#detached = { handle, clients, timer: timer.unref() }
    } catch (cause) {
      this.#reported = true
      this.#onError(
        new SocketError({
          code: 'EMFILE',
          syscall: 'accept',
          detail: 'this process is about to have as many files open as it may',
          advice:
            'raise the limit (ulimit -n); without koffi Node closes connections that find no free descriptor',
          cause,
        }),
      )
    }
  }

  #adopt(client: SocketHandle): void {
    const { noDelay, ...options } = this.#options
    let socket: Socket
    try {
      socket = adopt(client, options)
    } catch (error) {
      // The peer reset this one connection: accepting goes on.
      client.close()
      this.#onError(error as Error)
      return
    }
    if (noDelay) socket.setNoDelay()
    this.#onConnection(socket)
  }

  #reattach(): void {
    const { handle } = this.#detached!
    // Node listens synchronously here, as there is no address to look up.
    this.#server.listen({ fd: handle.fd })
    if (!this.#server.listening) return
    this.#release().release()
    if (!this.#referenced) this.#server.unref()
  }

  #release(): SocketHandle {
    const { handle, clients, timer } = this.#detached!
    this.#detached = undefined
    clearInterval(timer)
    clients.close()
    return handle
  }

  ref(): void {
    this.#referenced = true
    this.#server.ref()
    this.#detached?.clients.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#server.unref()
    this.#detached?.clients.unref()
  }

  close(): void {
    this.#closed = true
    if (this.#detached) this.#release().close()
    else this.#server.close()
  }
}
