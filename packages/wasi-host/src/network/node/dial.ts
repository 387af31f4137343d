/** Connects and listens, by what a target says. */
import { randomUUID } from 'node:crypto'
import { once, type EventEmitter } from 'node:events'
import {
  connect as connectTcp,
  createServer,
  isIP,
  type LookupFunction,
  type Server,
  type Socket,
} from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, listen, type Address as StreamAddress } from '@uds/stream'
import { InetAddress, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'
import { ipAddress, type Address, type IpAddress } from '../address.ts'
import { Failure } from '../../outcome/failure.ts'
import type { Target } from '../target.ts'
import { showTarget } from '../target.ts'
import type { ReadBuffer } from './read-buffer.ts'

/** Time that one address has before the next is tried too: RFC 8305, section 5. */
const ATTEMPT_MS = 250

export interface DialOptions {
  readonly signal: AbortSignal
  readonly lookup: LookupFunction
  readonly local: IpAddress | undefined
  /** Reads from there, and not from the stream. */
  readonly inlet: ReadBuffer | undefined
}

const connected = (socket: Socket, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy(new Failure('ECONNABORTED', 'the guest closed the socket') as unknown as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
    const leave = (): void => signal.removeEventListener('abort', abort)
    socket.once('error', (error) => {
      leave()
      reject(error)
    })
    socket.once('connect', () => {
      leave()
      resolve(socket)
    })
  })

/** Opens a stream to a target. Half-closing is the guest's own affair, so the stream must allow it. */
export const dial = (
  target: Exclude<Target, { kind: 'duplex' | 'tls' }>,
  { signal, lookup, local, inlet }: DialOptions,
): Promise<Duplex> => {
  const onread = inlet?.onread
  if (target.kind === 'ip') {
    return connected(
      connectTcp({
        host: target.host,
        port: target.port,
        lookup,
        allowHalfOpen: true,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
        noDelay: false,
        ...(onread && { onread }),
        ...(local && { localAddress: local.host, localPort: local.port }),
      }),
      signal,
    )
  }
  return connect(addressOf(target), { allowHalfOpen: true, signal, onread })
}

/** The address in the words of @uds/stream, which has AF_UNIX on Windows too. */
const addressOf = (target: Extract<Target, { kind: 'unix' | 'stream' }>): StreamAddress | string => {
  if (target.kind === 'stream') return target.address
  if (target.path.startsWith('\0')) return { scheme: 'unix', abstract: target.path.slice(1) }
  return { scheme: 'unix', path: target.path }
}

/** A server that listens. */
export interface Listening {
  readonly server: EventEmitter
  readonly address: Address | undefined
  /** Stops listening; connections go on. */
  readonly close: () => void
}

const tcpServer = (): Server => createServer({ allowHalfOpen: true, pauseOnConnect: true })

const addressOfServer = (server: Server): IpAddress | undefined => {
  const bound = server.address()
  return bound === null || typeof bound === 'string' ? undefined : ipAddress(bound.address, bound.port)
}

/**
 * Binds and listens in this very turn, by system calls, and hands the socket over to Node: its own way to an address takes
 * a turn of the loop. Undefined where that cannot be done: on Windows, and without koffi.
 */
export const listenNow = (target: Target, { ipv6Only }: { ipv6Only: boolean }): Listening | undefined => {
  if (system === 'win32' || target.kind !== 'ip' || isIP(target.host) === 0) return undefined
  let handle: SocketHandle
  try {
    handle = sockets.open(isIP(target.host) === 6 ? 'inet6' : 'inet', 'stream')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTSUP') return undefined
    throw error
  }
  try {
    if (ipv6Only) sockets.setOption(handle, 'IPV6_V6ONLY', true)
    sockets.bind(handle, new InetAddress(target.host, target.port), { reuseAddress: true })
  } catch (error) {
    handle.close()
    throw error
  }
  const server = tcpServer().listen({ fd: handle.release() })
  return { server, address: addressOfServer(server), close: () => server.close() }
}

const listenTcp = (host: string, port: number, ipv6Only: boolean): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = tcpServer()
    server.once('error', reject)
    server.listen({ host, port, ipv6Only }, () => {
      server.off('error', reject)
      resolve({ server, address: addressOfServer(server), close: () => server.close() })
    })
  })

/** Binds and listens. */
export const listenTo = async (target: Target, { ipv6Only }: { ipv6Only: boolean }): Promise<Listening> => {
  if (target.kind === 'ip') return listenTcp(target.host, target.port, ipv6Only)
  if (target.kind === 'tls' || target.kind === 'duplex') {
    throw new Failure('ENOTSUP', `a guest cannot listen at ${showTarget(target)}`)
  }
  const server = await listen(addressOf(target), { allowHalfOpen: true })
  return {
    server: server as unknown as EventEmitter,
    address: target.kind === 'unix' ? { family: 'unix', path: target.path } : undefined,
    // Those that were accepted are the guest's, and outlive the listener.
    close: () => void server.close({ graceMs: Infinity }),
  }
}

/** Two streams of this thread that are connected with each other. */
export const memoryPair = async (): Promise<readonly [Duplex, Duplex]> => {
  const address = `memory:${randomUUID()}`
  const listener = await listen(address, { allowHalfOpen: true })
  try {
    const accepted = once(listener, 'connection') as Promise<[Duplex]>
    const one = await connect(address, { allowHalfOpen: true })
    const [other] = await accepted
    return [one, other]
  } finally {
    void listener.close({ graceMs: Infinity })
  }
}
