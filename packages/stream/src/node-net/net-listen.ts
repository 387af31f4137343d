/** Listening by node:net: open, publish, drain the backlog, close. */
import { createServer, type ListenOptions as NetListenOptions, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DEFAULT_BACKLOG } from '@uds/winsock-ffi/internal'
import { throwIfAborted, toSocketError } from '../errors/connection-error.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import { requireNet } from '../errors/permission.ts'
import type { ListenOptions } from '../transport.ts'
import { NetAcceptor } from './net-acceptor.ts'
import { startReading } from '../listener/start-reading.ts'

/** How a net.Server is opened, published and closed. */
export interface NetServerSetup {
  readonly listen: NetListenOptions | { readonly fd: number }
  /** The requested address, for messages. */
  readonly address: string
  /** Returns the function behind `listener.address`; called once the server listens. */
  readonly addressOf: (server: Server) => () => string
  /** Called once the server listens. When it rejects, the server is closed. */
  readonly publish?: (() => Promise<void>) | undefined
  /**
   * Called before the server closes: removes the name. The server is closed whether it resolves or rejects.
   *
   * @param drain - Accepts until the backlog is empty.
   */
  readonly beforeClose?: ((drain: () => Promise<void>) => Promise<void>) | undefined
}

const open = (server: Server, setup: NetServerSetup, options: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const { signal, backlog } = options
    requireNet('listen', setup.address)
    throwIfAborted(signal)
    const settled = (): void => {
      server.off('error', onError)
      server.off('listening', onListening)
      signal?.removeEventListener('abort', onAbort)
    }
    const onError = (error: Error): void => {
      settled()
      reject(toSocketError(error, 'listen', setup.address))
    }
    const onListening = (): void => {
      settled()
      resolve()
    }
    const onAbort = (): void => {
      settled()
      server.close()
      reject(signal!.reason as Error)
    }
    server.once('error', onError)
    server.once('listening', onListening)
    signal?.addEventListener('abort', onAbort, { once: true })
    server.listen({ ...setup.listen, backlog: backlog ?? DEFAULT_BACKLOG })
  })

/** Turns of the loop without a connection: the second one covers a poll that had begun already. */
const QUIET_TURNS = 2

/** libuv accepts one connection in a turn of the loop (src/unix/stream.c), so draining takes one turn for each. */
const drainBacklog = async (accepted: () => number): Promise<void> => {
  for (let quiet = 0, before = accepted(); quiet < QUIET_TURNS; before = accepted()) {
    await nextTurn()
    quiet = accepted() === before ? quiet + 1 : 0
  }
}

/** Opens a net.Server; its connections are the net.Server's own, unwrapped. */
export const listenNet = async (
  setup: NetServerSetup,
  options: ListenOptions,
  listener: ConnectionListener<Socket> = new ConnectionListener<Socket>(options),
): Promise<ConnectionListener<Socket>> => {
  let accepted = 0
  const allowHalfOpen = options.allowHalfOpen ?? false
  const noDelay = 'port' in setup.listen && (options.noDelay ?? true)
  const onConnection = (socket: Socket): void => {
    accepted += 1
    listener.accept(socket)
  }
  const onError = (error: Error): void => listener.failed(toSocketError(error, 'accept', setup.address))
  const server = createServer({ allowHalfOpen, pauseOnConnect: listener.holdsReading, noDelay })
  const acceptor = new NetAcceptor(
    server,
    { allowHalfOpen, pauseOnCreate: listener.holdsReading, noDelay },
    onConnection,
    onError,
  )
  server.on('connection', (socket) => {
    acceptor.watch(socket)
    onConnection(socket)
  })
  await open(server, setup, options)
  try {
    await setup.publish?.()
  } catch (error) {
    server.close()
    throw error
  }
  server.on('error', onError)
  return listener.begin({
    address: setup.addressOf(server),
    stop: async () => {
      await setup.beforeClose?.(() => drainBacklog(() => accepted))
      acceptor.close()
    },
    ref: () => acceptor.ref(),
    unref: () => acceptor.unref(),
    startReading,
  })
}
