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
  LoopSockets,
  Option,
  PollAnswer,
  PollRequest,
  Received,
  SocketFacts,
  TlsQuestion,
  TlsRequest,
} from './socket-calls.ts'
import { badDescriptor, Failure } from '../outcome/failure.ts'
import { GuestSocket } from './guest-socket.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { Network } from '../network/network.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import type { Permissions } from '../policy/permissions.ts'
import type { Quota } from '../policy/quota.ts'
import { accept, dial, pair } from './connections.ts'
import { bindDatagram, connectDatagram, receiveDatagram, sendDatagram } from './datagrams.ts'
import type { SocketContext } from './context.ts'
import { resolve } from './resolve.ts'
import { poll } from './readiness.ts'
import { receiveStream, sendStream } from './streams.ts'

const encoder = new TextEncoder()

export class GuestSockets implements LoopSockets {
  readonly #context: SocketContext
  readonly #sockets = new Map<number, GuestSocket>()
  readonly arrived: ((id: number) => number) | undefined
  readonly untilArrived: ((id: number) => Outcome<void>) | undefined
  #next = 1
  #lastFailure = ''

  constructor(network: Network, permissions: Permissions, quota: Quota) {
    this.#context = { network, permissions, quota }
    // A network in the loop reads ahead; the other would have to ask the system.
    if (!network.subscribe) return
    this.arrived = (id) => this.#sockets.get(id)?.stream?.available() ?? 0
    this.untilArrived = (id) => {
      const end = this.#sockets.get(id)?.stream
      return end && !end.readable() ? network.wait([{ end, read: true, write: false }], -1) : undefined
    }
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

  /** Hands over a connection, a listener or a standard stream (which counts for no quota) that the host has made. */
  adopt(socket: GuestSocket, { counts = true }: { readonly counts?: boolean } = {}): number {
    socket.counts = counts
    if (counts) this.#context.quota.openSocket()
    return this.#add(socket)
  }

  open(family: Family, kind: Kind): Outcome<number> {
    const { network, quota } = this.#context
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
  }

  pair(): Outcome<readonly [number, number]> {
    return after(pair(this.#context), ([one, other]) => [this.#add(one), this.#add(other)] as const)
  }

  close(id: number): void {
    const socket = this.#get(id)
    this.#sockets.delete(id)
    if (socket.counts) this.#context.quota.closeSocket()
    socket.end?.close()
  }

  resolve(
    host: string,
    port: number,
    family: 'inet' | 'inet6' | undefined,
    most: number,
  ): Outcome<readonly IpAddress[]> {
    return resolve(this.#context, { host, port, family, most })
  }

  connect(id: number, address: Address): Outcome<void> {
    const socket = this.#get(id)
    expectFamily(socket.family, address)
    if (socket.datagram) return connectDatagram(this.#context, socket, socket.datagram, address)
    socket.expectUnconnected()
    return dial(this.#context, socket, this.#context.permissions.connect('stream', address), address)
  }

  connectHost(id: number, host: string, port: number): Outcome<void> {
    const socket = this.#get(id)
    if (socket.datagram) throw new Failure('EPROTOTYPE', 'only a stream can be connected to a name')
    if (socket.family === 'unix')
      throw new Failure('EAFNOSUPPORT', 'a socket of AF_UNIX cannot be connected to a name')
    socket.expectUnconnected()
    return dial(this.#context, socket, this.#context.permissions.connectHost(host, port), undefined)
  }

  bind(id: number, address: Address): Outcome<void> {
    const socket = this.#get(id)
    expectFamily(socket.family, address)
    if (socket.state !== 'open') throw new Failure('EINVAL', 'the socket has an address already')
    if (socket.datagram) return bindDatagram(this.#context, socket, socket.datagram, address)
    const { network, permissions } = this.#context
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
  }

  listen(id: number, backlog: number): Outcome<void> {
    const socket = this.#get(id)
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
  }

  accept(id: number, nonblocking: boolean): Outcome<{ id: number; peer: Address }> {
    const socket = this.#get(id)
    return after(accept(this.#context, socket, nonblocking), (made) => ({
      id: this.#add(made),
      peer: made.peerAddress(),
    }))
  }

  receive(id: number, iovec: Iovec, flags: number, before = 0): Outcome<number> {
    const socket = this.#get(id)
    return socket.datagram
      ? after(receiveDatagram(this.#context, socket, socket.datagram, iovec, flags), ({ bytes }) => bytes)
      : receiveStream(this.#context, socket, iovec, flags, before)
  }

  receiveFrom(id: number, iovec: Iovec, flags: number): Outcome<Received> {
    const socket = this.#get(id)
    const { datagram, family } = socket
    if (datagram) return receiveDatagram(this.#context, socket, datagram, iovec, flags)
    return after(this.receive(id, iovec, flags), (bytes) => ({
      bytes,
      truncated: false,
      from: this.#sockets.get(id)?.peerAddress() ?? unspecified(family),
    }))
  }

  send(id: number, iovec: Iovec, flags: number, to?: Address): Outcome<number> {
    const socket = this.#get(id)
    if (socket.datagram) return sendDatagram(this.#context, socket, socket.datagram, iovec, flags, to)
    if (to !== undefined) throw new Failure('EISCONN', 'a stream sends to its peer alone')
    return sendStream(this.#context, socket, iovec, flags)
  }

  shutdown(id: number, how: number): Outcome<void> {
    const socket = this.#get(id)
    if (how < 1 || how > 3)
      throw new Failure('EINVAL', 'shutdown knows 1 (reading), 2 (writing) and 3 (both)')
    socket.connectedStream().shutdown(how)
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
    const socket = this.#get(id)
    return socket.setOption(name, value)
  }

  setNonblocking(id: number, on: boolean): void {
    this.#get(id).nonblocking = on
  }

  disconnect(id: number): Outcome<void> {
    const socket = this.#get(id)
    if (!socket.datagram || socket.dialled === undefined)
      throw new Failure('ENOTCONN', 'the socket has no peer')
    socket.dialled = undefined
    return socket.datagram.disconnect()
  }

  isReady(id: number, reads: boolean): boolean {
    const { end } = this.#get(id)
    return !end || (reads ? end.readable() : end.writable())
  }

  subscribe(id: number, callback: () => void): () => void {
    const { end } = this.#get(id)
    const { network } = this.#context
    if (!network.subscribe) throw new Failure('ENOTSUP', 'nothing calls back in a network that blocks')
    return end ? network.subscribe(end, callback) : () => {}
  }

  poll(requests: readonly PollRequest[], timeoutMs: number): Outcome<readonly PollAnswer[]> {
    return poll(this.#context.network, (id) => this.#sockets.get(id), requests, timeoutMs)
  }

  startTls(id: number, request: TlsRequest): Outcome<void> {
    const socket = this.#get(id)
    if (socket.kind !== 'stream') throw new Failure('EPROTOTYPE', 'TLS needs a stream')
    const stream = socket.connectedStream()
    if (socket.tls) throw new Failure('EISCONN', 'the socket speaks TLS already')
    const broken = (error: unknown): never => {
      stream.close()
      throw error
    }
    const starting = this.#context.network.startTls(stream, request, socket.sendTimeoutMs)
    return after(
      rescued(() => starting, broken),
      ({ end, facts }) => {
        socket.stream = end
        socket.tls = facts
      },
    )
  }

  tlsInfo(id: number, what: TlsQuestion): Uint8Array {
    const { tls } = this.#get(id)
    if (!tls) throw new Failure('ENOTCONN', 'the socket speaks no TLS')
    return what === 'certificate' ? tls.certificate : encoder.encode(tls[what])
  }

  noteFailure(id: number | undefined, detail: string): void {
    this.#lastFailure = detail
    const socket = id === undefined ? undefined : this.#sockets.get(id)
    if (socket) socket.failure = detail
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
