/** The transport memory: connections within this thread, for tests and for the two halves of one program. */
import { SocketError } from '@uds/winsock-ffi'
import { refuseFileOptions } from '../options/check-options.ts'
import { throwIfAborted } from '../errors/connection-error.ts'
import { thisProcess } from '@uds/winsock-ffi/internal'
import { provideCredentials } from '../peer/credentials.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import type { Transport } from '../transport.ts'
import { MemoryConnection } from './memory-connection.ts'
import { parseOwnAddress } from './scheme.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'

interface Bound {
  readonly listener: ConnectionListener<MemoryConnection>
  readonly allowHalfOpen: boolean
}

/** The listeners of this thread by name. */
const bound = new Map<string, Bound>()

/** `memory:name`. Both ends are Duplexes of this thread; no system call is made. */
export const memory: Transport<MemoryConnection> = {
  name: 'memory',
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
    const { name } = parseOwnAddress(address, 'memory.connect', 'memory')
    throwIfAborted(options.signal)
    // As with a socket, the connection is there in a later turn.
    await Promise.resolve()
    throwIfAborted(options.signal)
    const server = bound.get(name)
    if (!server) {
      throw new SocketError({
        code: 'ECONNREFUSED',
        syscall: 'connect',
        address: `memory:${name}`,
        detail: 'no listener of this thread has that name',
      })
    }
    const [near, far] = MemoryConnection.pair([options.allowHalfOpen ?? false, server.allowHalfOpen])
    for (const end of [near, far]) provideCredentials(end, thisProcess, () => end.peerHasLeft)
    near.on('error', () => {})
    queueMicrotask(() => server.listener.accept(far))
    return near
  },
  listen: async (address, options = {}) => {
    const { name } = parseOwnAddress(address, 'memory.listen', 'memory')
    refuseFileOptions(options, 'listen', `memory:${name}`)
    throwIfAborted(options.signal)
    const listener = new ConnectionListener<MemoryConnection>(options)
    if (bound.has(name)) {
      throw new SocketError({
        code: 'EADDRINUSE',
        syscall: 'listen',
        address: `memory:${name}`,
        detail: 'a listener of this thread has that name already',
      })
    }
    bound.set(name, { listener, allowHalfOpen: options.allowHalfOpen ?? false })
    return listener.begin({
      address: () => `memory:${name}`,
      stop: async () => {
        bound.delete(name)
      },
      // There is no handle in the loop that keeps the process alive.
      ref: () => {},
      unref: () => {},
    })
  },
}
