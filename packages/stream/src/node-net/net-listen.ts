/** Listeners that are a net.Server. */
import { createServer, type ListenOptions as NetListenOptions, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted, toSocketError } from '../errors/connection-error.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import { requireNet } from '../errors/permission.ts'
import type { ListenOptions } from '../transport.ts'
import { NetAcceptor } from './net-acceptor.ts'
import { startReading } from '../listener/start-reading.ts'

/** How a net.Server is opened, and what is to be done around its life. */
export interface ServerPlan {
  readonly listen: NetListenOptions | { readonly fd: number }
  /** The address that was asked for, for messages. */
  readonly address: string
  /** The address of the open server, for its users. */
  readonly opened: (server: Server) => () => string
  /** Once it listens: makes it known. When this fails, the server is closed. */
  readonly publish?: (() => Promise<void>) | undefined
  /**
   * Before it closes: gives up the name.
   *
   * @param drain - Goes on until nobody waits in the backlog any more.
   */
  readonly beforeClose?: ((drain: () => Promise<void>) => Promise<void>) | undefined
}

const open = (server: Server, plan: ServerPlan, options: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const { signal, backlog } = options
    requireNet('listen', plan.address)
    throwIfAborted(signal)
    const settled = (): void => {
      server.off('error', onError)
      server.off('listening', onListening)
      signal?.removeEventListener('abort', onAbort)
    }
    const onError = (error: Error): void => {
      settled()
      reject(toSocketError(error, 'listen', plan.address))
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
    server.listen({ ...plan.listen, backlog: backlog ?? 511 })
  })

/** Two turns of the loop in which nobody came: the second in case the first was under way. */
const QUIET_TURNS = 2

/** libuv accepts one connection in a turn of the loop (src/unix/stream.c), so it takes as many turns as clients wait. */
const drainBacklog = async (accepted: () => number): Promise<void> => {
  for (let quiet = 0, before = accepted(); quiet < QUIET_TURNS; before = accepted()) {
    await nextTurn()
    quiet = accepted() === before ? quiet + 1 : 0
  }
}

/** Opens a net.Server; its connections are what it makes, with nothing in between. */
export const listenNet = async (
  plan: ServerPlan,
  options: ListenOptions,
  listener: ConnectionListener<Socket> = new ConnectionListener<Socket>(options),
): Promise<ConnectionListener<Socket>> => {
  let accepted = 0
  const allowHalfOpen = options.allowHalfOpen ?? false
  const noDelay = 'port' in plan.listen && (options.noDelay ?? true)
  const take = (socket: Socket): void => {
    accepted += 1
    listener.accept(socket)
  }
  const failed = (error: Error): void => listener.failed(toSocketError(error, 'accept', plan.address))
  const server = createServer({ allowHalfOpen, pauseOnConnect: listener.holdsReading, noDelay })
  const acceptor = new NetAcceptor(
    server,
    { allowHalfOpen, pauseOnCreate: listener.holdsReading, noDelay },
    take,
    failed,
  )
  server.on('connection', (socket) => {
    acceptor.watch(socket)
    take(socket)
  })
  await open(server, plan, options)
  try {
    await plan.publish?.()
  } catch (error) {
    server.close()
    throw error
  }
  server.on('error', failed)
  return listener.begin({
    address: plan.opened(server),
    stop: async () => {
      await plan.beforeClose?.(() => drainBacklog(() => accepted))
      acceptor.close()
    },
    ref: () => acceptor.ref(),
    unref: () => acceptor.unref(),
    startReading,
  })
}
