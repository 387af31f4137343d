/** Connecting by the system's calls, without waiting in the thread. */
import type { Socket } from 'node:net'
import { SocketError, sockets, watch, type SocketAddress, type SocketHandle } from '@uds/winsock-ffi'
import { codeOf } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../errors/connection-error.ts'
import type { ConnectOptions } from '../transport.ts'
import { traceErrors, connectTimeout } from '../node-net/net-connect.ts'
import { adoptSocket } from './adopted.ts'

/** Begins to connect; true when it is done already, as it mostly is with AF_UNIX. */
const begin = (handle: SocketHandle, to: SocketAddress): boolean => {
  try {
    sockets.connect(handle, to)
    return true
  } catch (error) {
    // "Would block" on Windows, "in progress" elsewhere: the socket becomes writable when it is connected.
    if (codeOf(error) === 'EAGAIN' || codeOf(error) === 'EINPROGRESS') return false
    throw error
  }
}

/** What a connect that was begun has come to. */
const outcome = (handle: SocketHandle, address: string): void => {
  const error = sockets.getOption(handle, 'SO_ERROR')
  if (!error) return
  throw new SocketError({
    code: error.code,
    syscall: 'connect',
    address,
    nativeCode: error.nativeCode,
    cause: error,
  })
}

const connected = (handle: SocketHandle, address: string, options: ConnectOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const { signal, timeoutMs } = options
    let timer: NodeJS.Timeout | undefined
    const settle = (error?: unknown): void => {
      watcher.close()
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onAbort = (): void => settle(signal!.reason)
    const watcher = watch(handle, { writable: true }, (failed) => {
      try {
        // libuv calls a connect that failed EBADF (src/unix/poll.c); the socket itself knows better.
        outcome(handle, address)
        if (failed) throw failed
        settle()
      } catch (error) {
        settle(error)
      }
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      timer = setTimeout(() => settle(connectTimeout(address, timeoutMs)), timeoutMs)
    }
  })

/**
 * Connects a socket of any family.
 *
 * @throws SocketError as `sockets.connect`; the signal's reason.
 */
export const openConnected = async (to: SocketAddress, options: ConnectOptions): Promise<SocketHandle> => {
  throwIfAborted(options.signal)
  const handle = sockets.open(to.family)
  try {
    handle.setNonblocking(true)
    if (!begin(handle, to)) await connected(handle, to.toString(), options)
  } catch (error) {
    handle.close()
    throw error
  }
  return handle
}

/**
 * Connects a socket of any family that Node's loop takes, and adopts it.
 *
 * @throws As {@link openConnected} and `adopt`.
 */
export const connectSocket = async (to: SocketAddress, options: ConnectOptions): Promise<Socket> => {
  const handle = await openConnected(to, options)
  const socket = adoptSocket(handle, {
    allowHalfOpen: options.allowHalfOpen ?? false,
    ...(options.onread && { onread: options.onread }),
  })
  traceErrors(socket, to.toString())
  return socket
}
