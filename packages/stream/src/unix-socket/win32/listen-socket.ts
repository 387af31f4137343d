/** Listening by Winsock: the listener is watched in Node's loop, what it accepts is adopted. */
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import { startAcceptLoop, type AcceptLoop } from '../../listener/accept-loop.ts'
import type { ConnectionListener } from '../../listener/connection-listener.ts'
import type { ListenOptions } from '../../transport.ts'
import { startReading } from '../../listener/start-reading.ts'
import { adoptSocket } from './adopted.ts'

/** Turns of the loop in which clients are taken after the name is given up. */
const LATE_TURNS = 2

interface BoundSocket {
  /** Bound, and not listening yet. It is consumed. */
  readonly handle: SocketHandle
  readonly address: () => string
  /** When it closes: gives up the name. */
  readonly release: () => void | Promise<void>
}

/**
 * @throws SocketError as `sockets.listen` and `watch`; the socket is closed then.
 */
export const listenSocket = (
  bound: BoundSocket,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): ConnectionListener<Socket> => {
  const { handle } = bound
  const failed = (error: Error): void => listener.failed(error)
  const take = (client: SocketHandle): void => {
    let socket: Socket
    try {
      socket = adoptSocket(client, {
        allowHalfOpen: options.allowHalfOpen ?? false,
        pauseOnCreate: listener.holdsReading,
      })
    } catch (error) {
      // It was reset before it could be taken: that is one connection, and no reason to stop.
      failed(error as Error)
      return
    }
    listener.accept(socket)
  }
  let clients: AcceptLoop
  try {
    handle.setNonblocking(true)
    sockets.listen(handle, options.backlog)
    clients = startAcceptLoop(handle, take, failed)
  } catch (error) {
    handle.close()
    throw error
  }
  return listener.begin({
    address: bound.address,
    stop: async () => {
      try {
        await bound.release()
        // Whoever came while the name led here would get ECONNRESET; who was under way then comes a little later.
        for (let turn = 0; turn < LATE_TURNS; turn += 1) {
          clients.drain()
          await nextTurn()
        }
        clients.drain()
      } finally {
        clients.close()
        handle.close()
      }
    },
    pause: () => clients.pause(),
    resume: () => clients.resume(),
    ref: () => clients.ref(),
    unref: () => clients.unref(),
    startReading,
  })
}
