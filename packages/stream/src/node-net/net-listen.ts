/** Listening by node:net: open, drain the backlog, close. */
import type { ListenOptions as NetListenOptions, Server, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DEFAULT_BACKLOG, net } from '@uds/winsock-ffi/internal'
import { throwIfAborted, toSocketError } from '../errors/connection-error.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import { requireNet } from '../errors/permission.ts'
import type { ListenOptions } from '../transport.ts'
import { isShared } from './cluster.ts'
import { NetAcceptor } from './net-acceptor.ts'
import { startReading } from '../listener/start-reading.ts'

/** How a net.Server is opened. */
export interface NetServerSetup {
  readonly listen: NetListenOptions | { readonly fd: number }
  /** The requested address, for messages. */
  readonly address: string
  /** Returns the function behind `listener.address`; called once the server listens. */
  readonly addressOf: (server: Server) => () => string
}

/** A net.Server that listens, whose connections a {@link ConnectionListener} receives. */
export interface NetServer {
  address(): string
  /** Accepts until the backlog is empty. */
  drain(): Promise<void>
  close(): void
  ref(): void
  unref(): void
}

const open = (server: Server, setup: NetServerSetup, options: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const { signal, backlog, exclusive = false } = options
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
    server.listen({ ...setup.listen, backlog: backlog ?? DEFAULT_BACKLOG, exclusive })
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

/**
 * Opens a net.Server; its connections are the net.Server's own, unwrapped.
 *
 * @throws SocketError with the code of the system; the signal's reason.
 */
export const openNetServer = async (
  setup: NetServerSetup,
  options: ListenOptions,
  listener: ConnectionListener<Socket>,
): Promise<NetServer> => {
  let accepted = 0
  const allowHalfOpen = options.allowHalfOpen ?? false
  const noDelay = 'port' in setup.listen && (options.noDelay ?? true)
  const onConnection = (socket: Socket): void => {
    accepted += 1
    listener.accept(socket)
  }
  const onError = (error: Error): void => listener.failed(toSocketError(error, 'accept', setup.address))
  const server = net().createServer({ allowHalfOpen, pauseOnConnect: listener.holdsReading, noDelay })
  const acceptor = new NetAcceptor(
    server,
    { allowHalfOpen, pauseOnCreate: listener.holdsReading, noDelay },
    onConnection,
    onError,
  )
  // A socket that workers of a cluster share cannot be taken out of the net.Server and put back.
  const mayDetach = !isShared(options)
  server.on('connection', (socket) => {
    if (mayDetach) acceptor.watch(socket)
    onConnection(socket)
  })
  await open(server, setup, options)
  server.on('error', onError)
  return {
    address: setup.addressOf(server),
    drain: () => drainBacklog(() => accepted),
    close: () => acceptor.close(),
    ref: () => acceptor.ref(),
    unref: () => acceptor.unref(),
  }
}

/** Opens a net.Server as a listener. */
export const listenNet = async (
  setup: NetServerSetup,
  options: ListenOptions,
): Promise<ConnectionListener<Socket>> => {
  const listener = new ConnectionListener<Socket>(options)
  const server = await openNetServer(setup, options, listener)
  return listener.begin({ ...server, stop: async () => server.close(), startReading })
}
