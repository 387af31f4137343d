/**
 * portTransport: connections between threads, over a MessagePort.
 *
 * ```ts
 * const { port1, port2 } = new MessageChannel()
 * new Worker(file, { workerData: port2, transferList: [port2] })
 * const server = await EventServer.listen('port:chat', { transport: portTransport(port1) })
 * // in the worker
 * const client = await EventClient.connect('port:chat', { transport: portTransport(workerData) })
 * ```
 *
 * @packageDocumentation
 */
import type { MessagePort } from 'node:worker_threads'
import { invalidArgument, invalidValue, SocketError } from '@uds/winsock-ffi'
import { type Address, formatAddress, milliseconds, thisProcess } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../errors/connection-error.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import { refuseFileOptions } from '../options/check-options.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'
import { provideCredentials } from '../peer/credentials.ts'
import type { ConnectOptions, Transport } from '../transport.ts'
import { PortConnection } from './connection.ts'
import type { ConnectMessage } from './messages.ts'

export type { PortConnection } from './connection.ts'

interface Bound {
  readonly listener: ConnectionListener<PortConnection>
  readonly allowHalfOpen: boolean
}

const SCHEME = 'port:'

/** @throws TypeError `ERR_INVALID_ARG_VALUE` for an address that is not `port:name` */
const nameOf = (where: string, address: string | Address): string => {
  const text = typeof address === 'string' ? address : formatAddress(address)
  if (text.startsWith(SCHEME) && text.length > SCHEME.length) return text.slice(SCHEME.length)
  throw invalidValue(where, 'the address', 'must be port:name', text)
}

/**
 * The transport between the thread of this port and that of its other end (`worker_threads`). Each of the two makes its
 * own, and both may listen and connect: `connect` reaches a listener of the other thread. Addresses are `port:name`.
 *
 * `connect` waits until the other thread has made its transport, and fails with `ECONNREFUSED` when that has no such
 * listener, or ended. The port is the transport's own from here on: it keeps the process alive only while a listener or a
 * connection is open.
 *
 * @param port - An end of a `MessageChannel`; https://nodejs.org/api/worker_threads.html
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export const portTransport = (port: MessagePort): Transport<PortConnection> => {
  if (typeof (port as MessagePort | undefined)?.postMessage !== 'function' || typeof port.on !== 'function')
    throw invalidArgument('portTransport', 'port', 'a MessagePort of node:worker_threads', port)
  const bound = new Map<string, Bound>()
  let gone = false
  port.on('message', (message: ConnectMessage) => {
    const server = bound.get(message.connect)
    if (server === undefined) {
      message.port.postMessage({ refused: 'ECONNREFUSED' })
      message.port.close()
      return
    }
    const connection = new PortConnection(message.port, server.allowHalfOpen)
    provideCredentials(connection, thisProcess, () => connection.peerHasLeft)
    message.port.postMessage('open')
    server.listener.accept(connection)
  })
  // A message to a port whose other end has just gone is lost, and the port in it hears nothing of that.
  const connecting = new Set<PortConnection>()
  port.on('close', () => {
    gone = true
    for (const connection of connecting) connection.refuse()
  })
  port.unref()
  // Listeners hold the port; each of them may let go (unref).
  let holding = 0
  const hold = (by: 1 | -1): void => {
    holding += by
    if (holding === 0) port.unref()
    else port.ref()
  }

  return {
    name: 'port',
    capabilities: {
      listen: true,
      netSocket: false,
      halfClose: true,
      credentials: true,
      exclusive: true,
      refuses: true,
    },
    connect: async (address, options = {}) => {
      refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
      const name = nameOf('port.connect', address)
      throwIfAborted(options.signal)
      if (gone) throw refusal('ECONNREFUSED', name, 'the other thread has ended')
      const channel = new (process.getBuiltinModule('node:worker_threads').MessageChannel)()
      const connection = new PortConnection(channel.port1, options.allowHalfOpen ?? false)
      connection.on('error', () => {})
      provideCredentials(connection, thisProcess, () => connection.peerHasLeft)
      port.postMessage({ connect: name, port: channel.port2 } satisfies ConnectMessage, [channel.port2])
      connecting.add(connection)
      try {
        await answered(connection, name, options)
      } catch (error) {
        connection.destroy()
        throw error
      } finally {
        connecting.delete(connection)
      }
      return connection
    },
    listen: async (address, options = {}) => {
      const name = nameOf('port.listen', address)
      refuseFileOptions(options, 'listen', SCHEME + name)
      throwIfAborted(options.signal)
      const listener = new ConnectionListener<PortConnection>(options)
      if (bound.has(name))
        throw refusal('EADDRINUSE', name, 'a listener of this thread has that name already', 'listen')
      bound.set(name, { listener, allowHalfOpen: options.allowHalfOpen ?? false })
      hold(1)
      let held = true
      const keep = (on: boolean): void => {
        if (held !== on) hold(on ? 1 : -1)
        held = on
      }
      return listener.begin({
        address: () => SCHEME + name,
        stop: async () => {
          bound.delete(name)
          keep(false)
        },
        ref: () => {
          if (bound.get(name)?.listener === listener) keep(true)
        },
        unref: () => keep(false),
      })
    },
  }
}

/** Resolves when the other thread has accepted; rejects with its refusal, the reason of the signal, or `ETIMEDOUT`. */
const answered = async (
  connection: PortConnection,
  name: string,
  { signal, timeoutMs }: ConnectOptions,
): Promise<void> => {
  const limit = milliseconds('connect', 'timeoutMs', timeoutMs, Infinity)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(signal?.reason as Error)
  signal?.addEventListener('abort', abort)
  const late = (): void =>
    reject(refusal('ETIMEDOUT', name, `the other thread did not answer within ${limit} ms`))
  const timer = limit === Infinity ? undefined : setTimeout(late, limit)
  connection.opened((refused) => {
    if (refused === undefined) resolve()
    else reject(refusal(refused.code, name, 'no listener of the other thread has that name'))
  })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

const refusal = (code: string, name: string, detail: string, syscall = 'connect'): SocketError =>
  new SocketError({ code, syscall, address: SCHEME + name, detail })
