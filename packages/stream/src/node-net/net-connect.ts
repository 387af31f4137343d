/** Connecting by node:net: abort, timeout, errors as SocketError. */
import type { NetConnectOpts, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'
import { net } from '@uds/winsock-ffi/internal'
import { throwIfAborted, toSocketError } from '../errors/connection-error.ts'
import { traceError } from '../observing/diagnostics.ts'
import { requireNet } from '../errors/permission.ts'
import type { ConnectOptions } from '../transport.ts'

export const connectTimeout = (address: string, timeoutMs: number): SocketError =>
  new SocketError({
    code: 'ETIMEDOUT',
    syscall: 'connect',
    address,
    detail: `no connection within ${timeoutMs} ms`,
  })

/** Traces the errors of a connection, so that one without an 'error' listener does not end the process. */
export const traceErrors = (socket: Duplex, address: string): void => {
  socket.on('error', (error) => traceError('connection', address, error))
}

/**
 * @param address - As `formatAddress` writes it, for messages.
 * @throws SocketError with the code of the system; the signal's reason.
 */
export const connectNet = (to: NetConnectOpts, address: string, options: ConnectOptions): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { signal, timeoutMs, onread, allowHalfOpen = false } = options
    requireNet('connect', address)
    throwIfAborted(signal)
    const socket = net().connect({ ...to, allowHalfOpen, ...(onread && { onread }) })
    let timer: NodeJS.Timeout | undefined
    const settled = (): void => {
      socket.off('connect', onConnect)
      socket.off('error', onError)
      signal?.removeEventListener('abort', onAbort)
      clearTimeout(timer)
    }
    const fail = (reason: unknown): void => {
      settled()
      socket.on('error', () => {})
      socket.destroy()
      reject(reason)
    }
    const onConnect = (): void => {
      settled()
      traceErrors(socket, address)
      resolve(socket)
    }
    const onError = (error: Error): void => fail(toSocketError(error, 'connect', address))
    const onAbort = (): void => fail(signal!.reason)
    socket.once('connect', onConnect)
    socket.once('error', onError)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      timer = setTimeout(() => fail(connectTimeout(address, timeoutMs)), timeoutMs)
    }
  })
