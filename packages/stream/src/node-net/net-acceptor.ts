/**
 * Keeps a net.Server from losing connections when descriptors run out. libuv has one in reserve: when accept(2) says
 * EMFILE it accepts with that one all who wait and closes them, and tells nobody (uv__emfile_trick,
 * https://github.com/libuv/libuv/blob/v1.x/src/unix/stream.c). net.Server cannot be paused. So while descriptors are
 * few the listening socket is taken from it, and connections are accepted here: where there is no room for one, it
 * waits in the backlog.
 */
import type { Server, Socket } from 'node:net'
import { adopt, SocketError, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { acceptLoop, type AcceptLoop } from '../listener/accept-loop.ts'
import { duplicate } from '../descriptors/duplicate.ts'
import { arePlenty, areScarce } from '../descriptors/scarcity.ts'
import { system } from '../platform/system.ts'

/** Windows counts handles by the million. */
const canRunOut = system !== 'win32'
const LOOK_AGAIN_MS = 1000

/** What a connection of the net.Server would be made with. */
export interface NetAcceptorOptions {
  readonly allowHalfOpen: boolean
  readonly pauseOnCreate: boolean
  readonly noDelay: boolean
}

interface Handled {
  readonly _handle?: { readonly fd?: number } | null
}

const fdOf = (thing: unknown): number => (thing as Handled)._handle?.fd ?? -1

/** The listening socket while it is here. */
interface Taken {
  readonly handle: SocketHandle
  readonly clients: AcceptLoop
  readonly timer: NodeJS.Timeout
}

export class NetAcceptor {
  readonly #server: Server
  readonly #options: NetAcceptorOptions
  readonly #take: (socket: Socket) => void
  readonly #failed: (error: Error) => void
  #taken: Taken | undefined
  #referenced = true
  #closed = false
  #told = false

  /** @param server - One that listens. */
  constructor(
    server: Server,
    options: NetAcceptorOptions,
    take: (socket: Socket) => void,
    failed: (error: Error) => void,
  ) {
    this.#server = server
    this.#options = options
    this.#take = take
    this.#failed = failed
  }

  /** Called with each connection that the net.Server has made. */
  watch(socket: Socket): void {
    if (!canRunOut || this.#closed) return
    const fd = fdOf(socket)
    if (fd < 0) return
    if (!areScarce(fd)) this.#told = false
    else if (!this.#told) this.#leaveNet()
  }

  #leaveNet(): void {
    const fd = fdOf(this.#server)
    // A worker of node:cluster has no listening socket of its own.
    if (fd < 0) return
    try {
      const found = this.#server.address()
      const family = typeof found === 'string' || !found ? 'unix' : found.family === 'IPv6' ? 'inet6' : 'inet'
      const handle = sockets.fromFd(duplicate(fd).release(), family)
      // The socket goes on listening, by the copy.
      this.#server.close()
      const clients = acceptLoop(handle, (client) => this.#adopt(client), this.#failed)
      if (!this.#referenced) clients.unref()
      const timer = setInterval(() => arePlenty() && this.#returnToNet(), LOOK_AGAIN_MS)
      this.#taken = { handle, clients, timer: timer.unref() }
    } catch (cause) {
      this.#told = true
      this.#failed(
        new SocketError({
          code: 'EMFILE',
          syscall: 'accept',
          detail: 'this process is about to have as many files open as it may',
          advice: 'raise the limit (ulimit -n); without koffi Node closes the connections it has no room for',
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
      // It was reset while it waited: that is one connection, and no reason to stop.
      client.close()
      this.#failed(error as Error)
      return
    }
    if (noDelay) socket.setNoDelay()
    this.#take(socket)
  }

  #returnToNet(): void {
    const { handle } = this.#taken!
    // At once, without a turn of the loop in between, as no address is looked up.
    this.#server.listen({ fd: handle.fd })
    if (!this.#server.listening) return
    this.#letGo().release()
    if (!this.#referenced) this.#server.unref()
  }

  #letGo(): SocketHandle {
    const { handle, clients, timer } = this.#taken!
    this.#taken = undefined
    clearInterval(timer)
    clients.close()
    return handle
  }

  ref(): void {
    this.#referenced = true
    this.#server.ref()
    this.#taken?.clients.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#server.unref()
    this.#taken?.clients.unref()
  }

  close(): void {
    this.#closed = true
    if (this.#taken) this.#letGo().close()
    else this.#server.close()
  }
}
