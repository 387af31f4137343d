/** The sockets of one guest, by their numbers. The ABIs are adapters over this; what each call does is in sockets/. */
import {
  expectFamily,
  unspecified,
  type Address,
  type Family,
  type IpAddress,
  type Kind,
} from '../network/address.ts'
import type {
  Option,
  PollAnswer,
  PollRequest,
  Received,
  SocketCalls,
  SocketFacts,
  TlsQuestion,
  TlsRequest,
} from './socket-calls.ts'
import { badDescriptor, Failure, failureOf, Stopped, wouldBlock } from '../outcome/failure.ts'
import { GuestSocket } from './guest-socket.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { Network } from '../network/network.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import type { Permissions } from '../policy/permissions.ts'
import type { Quota } from '../policy/quota.ts'
import { Connections } from './connections.ts'
import { DatagramTransfers } from './datagrams.ts'
import type { SocketContext } from './context.ts'
import { resolve } from './resolve.ts'
import { poll } from './readiness.ts'
import { StreamTransfers } from './streams.ts'

const encoder = new TextEncoder()

export class GuestSockets implements SocketCalls {
  readonly #means: SocketContext
  readonly #connections: Connections
  readonly #streams: StreamTransfers
  readonly #datagrams: DatagramTransfers
  readonly #sockets = new Map<number, GuestSocket>()
  #next = 1
  #lastFailure = ''

  constructor(network: Network, permissions: Permissions, quota: Quota) {
    this.#means = { network, permissions, quota }
    this.#connections = new Connections(this.#means)
    this.#streams = new StreamTransfers(this.#means)
    this.#datagrams = new DatagramTransfers(this.#means)
  }

  #get(id: number): GuestSocket {
    const socket = this.#sockets.get(id)
    if (!socket) throw badDescriptor
    return socket
  }

  #add(socket: GuestSocket): number {
    const id = this.#next++
    this.#sockets.set(id, socket)
    return id
  }

  /** Does something, and remembers in words what fails: of a socket, or of the guest when there is none yet. */
  #remembering<T>(socket: GuestSocket | undefined, action: () => Outcome<T>): Outcome<T> {
    const failed = (thrown: unknown): never => {
      // Ordinary, and not what somebody asks the words of.
      if (thrown !== wouldBlock && !(thrown instanceof Stopped)) {
        this.#lastFailure = failureOf(thrown).detail
        if (socket) socket.failure = this.#lastFailure
      }
      throw thrown
    }
    return rescued(action, failed)
  }

  #on<T>(id: number, action: (socket: GuestSocket) => Outcome<T>): Outcome<T> {
    const socket = this.#get(id)
    return this.#remembering(socket, () => action(socket))
  }

  /** Hands over a connection, a listener or a standard stream (which counts for no quota) that the host has made. */
  adopt(socket: GuestSocket, { counts = true }: { readonly counts?: boolean } = {}): number {
    socket.counts = counts
    if (counts) this.#means.quota.openSocket()
    return this.#add(socket)
  }

  open(family: Family, kind: Kind): Outcome<number> {
    return this.#remembering(undefined, () => {
      const { network, quota } = this.#means
      const datagram = kind === 'datagram' ? network.datagram(family, new Map()) : undefined
      try {
        quota.openSocket()
      } catch (error) {
        datagram?.close()
        throw error
      }
      const socket = new GuestSocket(family, kind)
      if (datagram) socket.datagram = datagram
      return this.#add(socket)
    })
  }

  pair(): Outcome<readonly [number, number]> {
    return this.#remembering(undefined, () =>
      after(this.#connections.pair(), ([one, other]) => [this.#add(one), this.#add(other)] as const),
    )
  }

  close(id: number): void {
    const socket = this.#get(id)
    this.#sockets.delete(id)
    if (socket.counts) this.#means.quota.closeSocket()
    socket.end?.close()
  }

  resolve(
    host: string,
    port: number,
    family: 'inet' | 'inet6' | undefined,
    most: number,
  ): Outcome<readonly IpAddress[]> {
    return this.#remembering(undefined, () => resolve(this.#means, { host, port, family, most }))
  }

  connect(id: number, address: Address): Outcome<void> {
    return this.#on(id, (socket) => {
      expectFamily(socket.family, address)
      if (socket.datagram) return this.#datagrams.connect(socket, socket.datagram, address)
      socket.expectUnconnected()
      return this.#connections.dial(socket, this.#means.permissions.connect('stream', address), address)
    })
  }

  connectHost(id: number, host: string, port: number): Outcome<void> {
    return this.#on(id, (socket) => {
      if (socket.datagram) throw new Failure('EPROTOTYPE', 'only a stream can be connected to a name')
      if (socket.family === 'unix')
        throw new Failure('EAFNOSUPPORT', 'a socket of AF_UNIX cannot be connected to a name')
      socket.expectUnconnected()
      return this.#connections.dial(socket, this.#means.permissions.connectHost(host, port), undefined)
    })
  }

  bind(id: number, address: Address): Outcome<void> {
    return this.#on(id, (socket) => {
      expectFamily(socket.family, address)
      if (socket.state !== 'open') throw new Failure('EINVAL', 'the socket has an address already')
      if (socket.datagram) return this.#datagrams.bind(socket, socket.datagram, address)
      const { network, permissions } = this.#means
      const target = permissions.bind('stream', address)
      return after(network.bind(target, socket.family, socket.options), (listener) => {
        // The guest may have closed it meanwhile, from another call.
        if (!this.#sockets.has(id)) {
          listener.close()
          throw badDescriptor
        }
        socket.listener = listener
        socket.local = listener.local?.family === address.family ? listener.local : address
      })
    })
  }

  listen(id: number, backlog: number): Outcome<void> {
    return this.#on(id, (socket) => {
      if (socket.kind !== 'stream') throw new Failure('ENOTSUP', 'a datagram socket does not listen')
      if (socket.stream || socket.connecting) throw new Failure('EINVAL', 'the socket is connected')
      if (!socket.listener) {
        if (socket.family === 'unix') throw new Failure('EINVAL', 'the socket has no address: bind it first')
        // As listen(2): a socket without an address gets a free port.
        return after(this.bind(id, unspecified(socket.family)), () => this.listen(id, backlog))
      }
      socket.listener.listen(backlog)
      socket.listening = true
      return undefined
    })
  }

  accept(id: number, nonblocking: boolean): Outcome<{ id: number; peer: Address }> {
    return this.#on(id, (socket) =>
      after(this.#connections.accept(socket, nonblocking), (made) => ({
        id: this.#add(made),
        peer: made.peerAddress(),
      })),
    )
  }

  receive(id: number, room: Iovec, flags: number, before = 0): Outcome<number> {
    return this.#on(id, (socket) =>
      socket.datagram
        ? after(this.#datagrams.receive(socket, socket.datagram, room, flags), ({ bytes }) => bytes)
        : this.#streams.receive(socket, room, flags, before),
    )
  }

  receiveFrom(id: number, room: Iovec, flags: number): Outcome<Received> {
    const { datagram, family } = this.#get(id)
    if (datagram) return this.#on(id, (socket) => this.#datagrams.receive(socket, datagram, room, flags))
    return after(this.receive(id, room, flags), (bytes) => ({
      bytes,
      truncated: false,
      from: this.#sockets.get(id)?.peerAddress() ?? unspecified(family),
    }))
  }

  send(id: number, room: Iovec, flags: number, to?: Address): Outcome<number> {
    return this.#on(id, (socket) => {
      if (socket.datagram) return this.#datagrams.send(socket, socket.datagram, room, flags, to)
      if (to !== undefined) throw new Failure('EISCONN', 'a stream sends to its peer alone')
      return this.#streams.send(socket, room, flags)
    })
  }

  shutdown(id: number, how: number): Outcome<void> {
    return this.#on(id, (socket) => {
      if (how < 1 || how > 3)
        throw new Failure('EINVAL', 'shutdown knows 1 (reading), 2 (writing) and 3 (both)')
      socket.connectedStream().shutdown(how)
    })
  }

  localAddress(id: number): Address {
    const socket = this.#get(id)
    return socket.stream?.local ?? socket.datagram?.local ?? socket.local ?? unspecified(socket.family)
  }

  peerAddress(id: number): Address {
    const socket = this.#get(id)
    socket.finishConnectingQuietly()
    if (!socket.stream && !(socket.datagram && socket.dialled))
      throw new Failure('ENOTCONN', 'the socket has no peer')
    return socket.peerAddress()
  }

  facts(id: number): SocketFacts {
    const socket = this.#get(id)
    socket.finishConnectingQuietly()
    const { family, kind, nonblocking, state } = socket
    return { family, kind, nonblocking, state }
  }

  getOption(id: number, name: Option): number | string {
    return this.#get(id).getOption(name)
  }

  setOption(id: number, name: Option, value: number): Outcome<void> {
    return this.#on(id, (socket) => socket.setOption(name, value))
  }

  setNonblocking(id: number, on: boolean): void {
    this.#get(id).nonblocking = on
  }

  poll(requests: readonly PollRequest[], timeoutMs: number): Outcome<readonly PollAnswer[]> {
    return poll(this.#means.network, (id) => this.#sockets.get(id), requests, timeoutMs)
  }

  startTls(id: number, request: TlsRequest): Outcome<void> {
    return this.#on(id, (socket) => {
      if (socket.kind !== 'stream') throw new Failure('EPROTOTYPE', 'TLS needs a stream')
      const stream = socket.connectedStream()
      if (socket.tls) throw new Failure('EISCONN', 'the socket speaks TLS already')
      const broken = (error: unknown): never => {
        stream.close()
        throw error
      }
      const starting = this.#means.network.startTls(stream, request, socket.sendTimeoutMs)
      return after(
        rescued(() => starting, broken),
        ({ end, facts }) => {
          socket.stream = end
          socket.tls = facts
        },
      )
    })
  }

  tlsInfo(id: number, what: TlsQuestion): Uint8Array {
    const { tls } = this.#get(id)
    if (!tls) throw new Failure('ENOTCONN', 'the socket speaks no TLS')
    return what === 'certificate' ? tls.certificate : encoder.encode(tls[what])
  }

  errorText(id: number): string {
    return id === -1 ? this.#lastFailure : this.#get(id).failure
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#sockets.size
  }

  closeAll(): void {
    for (const id of this.#sockets.keys()) this.close(id)
  }
}
