/** Listening on a named pipe: the security descriptor, the instances, and each client as a connection. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createFirst, hasPeerClosed, kernel32, sddlOf } from '@uds/pipes/win32'
import { invalidArgument } from '@uds/winsock-ffi'
import { formatAddress, fullPipeName, type PipeAddress } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../errors/connection-error.ts'
import { provideCredentials } from '../peer/credentials.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import type { Listener, ListenOptions, PipeSecurity } from '../transport.ts'
import { isShared } from '../node-net/cluster.ts'
import { listenNet } from '../node-net/net-listen.ts'
import { startReading } from '../listener/start-reading.ts'
import { Acceptor } from './acceptor.ts'
import { adoptPipe, pipeCredentials } from './connect.ts'
import { PipeConnection } from './connection.ts'
import { renameFailure } from './failures.ts'
import { eventWaiter } from './event-waiter.ts'
import { detach, portWaiter } from './port-waiter.ts'
import { claimShared } from './shared-name.ts'
import { MOST_EVENTS } from './wait-pool.ts'

/** Instances that wait for a client at once. A client that finds none gets ERROR_PIPE_BUSY, and connects again. */
const DEFAULT_INSTANCES = 8
const BUFFER_SIZE = 65_536

const sddl = (security: PipeSecurity): string | undefined => {
  if (security === 'current-user') return sddlOf('current-user')
  if (typeof security === 'object' && security !== null) return sddlOf(security)
  throw invalidArgument('listen', 'security', "'current-user', 'os-default' or { sddl }", security)
}

const listenOsDefault = (at: PipeAddress, options: ListenOptions): Promise<Listener> => {
  const address = formatAddress(at)
  return listenNet({ listen: { path: fullPipeName(at) }, address, addressOf: () => () => address }, options)
}

export const listenPipe = async (at: PipeAddress, options: ListenOptions): Promise<Listener> => {
  throwIfAborted(options.signal)
  const { security = 'current-user', halfClose: message = false, allowHalfOpen = false } = options
  if (security === 'os-default') return await listenOsDefault(at, options)
  const address = formatAddress(at)
  const listener = new ConnectionListener(options)
  const onError = (error: Error): void => listener.failed(error)
  const slots = Math.max(1, Math.min(options.backlog ?? DEFAULT_INSTANCES, MOST_EVENTS))

  const asSocket = (handle: number): Duplex =>
    adoptPipe(handle, { allowHalfOpen, pauseOnCreate: listener.holdsReading })
  const asConnection = (handle: number): Duplex =>
    new PipeConnection(handle, { address, allowHalfOpen, attached: true })
  const onClient = (handle: number): void => {
    let connection: Duplex
    try {
      connection = message ? asConnection(handle) : asSocket(handle)
    } catch (error) {
      onError(error as Error)
      return
    }
    const handleNow =
      connection instanceof PipeConnection ? (): number => connection.handle : (): number => handle
    provideCredentials(connection, pipeCredentials(handleNow, 'GetNamedPipeClientProcessId'), () =>
      hasPeerClosed(handleNow()),
    )
    listener.accept(connection)
  }
  let acceptor: Acceptor
  let release: (() => void) | undefined
  try {
    const settings = { name: fullPipeName(at), message, bufferSize: BUFFER_SIZE, sddl: sddl(security) }
    const claimed = isShared(options) ? claimShared(settings, true) : undefined
    release = claimed?.release
    acceptor = new Acceptor(
      {
        settings,
        first: claimed?.handle ?? createFirst(settings, true),
        slots,
        waiter: () => (message ? portWaiter() : eventWaiter(slots, onError)),
        rejectRemote: true,
        onClient,
        onError,
      },
      (handle) => {
        kernel32.CloseHandle.attempt(handle)
        if (message) detach()
      },
    )
  } catch (error) {
    release?.()
    throw renameFailure('listen', address, error)
  }
  listener.begin({
    address: () => address,
    stop: async () => {
      await acceptor.close()
      release?.()
    },
    ref: () => acceptor.ref(),
    unref: () => acceptor.unref(),
    startReading: (connection) => {
      if (!(connection instanceof PipeConnection)) startReading(connection as Socket)
    },
  })
  try {
    // On a busy machine the thread starts late, and clients stop trying after a while.
    await acceptor.ready
    throwIfAborted(options.signal)
    return listener
  } catch (error) {
    await listener.close()
    throw error
  }
}
