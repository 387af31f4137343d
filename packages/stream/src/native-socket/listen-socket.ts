/** Listening by the system's calls: the socket is watched in Node's loop, and each accepted one becomes a connection. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import { startAcceptLoop, type AcceptLoop } from '../listener/accept-loop.ts'
import type { ConnectionListener } from '../listener/connection-listener.ts'
import { startReading } from '../listener/start-reading.ts'
import type { ListenOptions } from '../transport.ts'
import { adoptSocket } from './adopted.ts'

/** Turns of the loop in which clients are accepted after the name is gone: one may be connecting just then. */
const LATE_TURNS = 2

/** A socket that listens, whose connections a {@link ConnectionListener} receives. */
export interface SocketServer {
  /** Accepts every connection that waits, and those that arrive in two more turns of the loop. */
  drain(): Promise<void>
  close(): void
  pause(): void
  resume(): void
  ref(): void
  unref(): void
}

/** Makes a connection of an accepted socket, which it consumes. */
type MakeConnection<C> = (
  client: SocketHandle,
  options: { readonly allowHalfOpen: boolean; readonly pauseOnCreate: boolean },
) => C

/**
 * @param handle - Bound, and not listening yet. It is consumed.
 * @throws SocketError as `sockets.listen` and `watch`; the socket is closed then.
 */
export const openServer = <C extends Duplex>(
  handle: SocketHandle,
  options: ListenOptions,
  listener: ConnectionListener<C>,
  make: MakeConnection<C>,
): SocketServer => {
  const onError = (error: Error): void => listener.failed(error)
  const onConnection = (client: SocketHandle): void => {
    let socket: C
    try {
      socket = make(client, {
        allowHalfOpen: options.allowHalfOpen ?? false,
        pauseOnCreate: listener.holdsReading,
      })
    } catch (error) {
      // The peer has reset this one connection: accepting goes on.
      onError(error as Error)
      return
    }
    listener.accept(socket)
  }
  let acceptLoop: AcceptLoop
  try {
    handle.setNonblocking(true)
    sockets.listen(handle, options.backlog)
    acceptLoop = startAcceptLoop(handle, onConnection, onError)
  } catch (error) {
    handle.close()
    throw error
  }
  return {
    drain: async () => {
      for (let turn = 0; turn < LATE_TURNS; turn += 1) {
        acceptLoop.drain()
        await nextTurn()
      }
      acceptLoop.drain()
    },
    close: () => {
      acceptLoop.close()
      handle.close()
    },
    pause: () => acceptLoop.pause(),
    resume: () => acceptLoop.resume(),
    ref: () => acceptLoop.ref(),
    unref: () => acceptLoop.unref(),
  }
}

/** As {@link openServer}, with connections that are net.Sockets. */
export const openSocketServer = (
  handle: SocketHandle,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): SocketServer => openServer(handle, options, listener, adoptSocket)

interface BoundSocket {
  /** Bound, and not listening yet. It is consumed. */
  readonly handle: SocketHandle
  readonly address: () => string
  /** Called before the socket closes: frees the name. */
  readonly release: () => void | Promise<void>
}

/** A socket of any family as a listener. */
export const listenSocket = (
  { handle, address, release }: BoundSocket,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): ConnectionListener<Socket> => {
  const server = openSocketServer(handle, options, listener)
  return listener.begin({
    ...server,
    address,
    stop: async () => {
      try {
        await release()
        await server.drain()
      } finally {
        server.close()
      }
    },
    startReading,
  })
}
