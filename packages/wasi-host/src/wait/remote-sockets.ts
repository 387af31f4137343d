/** The sockets of a guest that another thread has. Every call blocks until it is answered. */
import type { Address, Family, IpAddress, Kind } from '../network/address.ts'
import {
  WAITALL,
  type Option,
  type PollAnswer,
  type PollRequest,
  type Received,
  type SocketCalls,
  type SocketFacts,
  type TlsQuestion,
  type TlsRequest,
} from '../sockets/socket-calls.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { Settled } from '../outcome/sync-promise.ts'
import { callThrough, TRANSFER_BYTES, transferArea, type Request, type SharedMemory } from './channel.ts'

export class RemoteSockets implements SocketCalls {
  readonly #memory: SharedMemory
  readonly #post: (request: Request) => void
  readonly #cargo: Uint8Array

  constructor(memory: SharedMemory, post: (request: Request) => void) {
    this.#memory = memory
    this.#post = post
    this.#cargo = transferArea(memory)
  }

  /** Makes the call of that name, and returns its result. */
  #call<Op extends keyof SocketCalls>(
    op: Op,
    ...args: readonly unknown[]
  ): Settled<ReturnType<SocketCalls[Op]>> {
    return callThrough(this.#memory, this.#post, op, args) as Settled<ReturnType<SocketCalls[Op]>>
  }

  #scatter(iovec: Iovec, skip: number, bytes: number): void {
    let [at, before] = [0, skip]
    for (const part of iovec.parts()) {
      const from = Math.min(before, part.length)
      before -= from
      const piece = this.#cargo.subarray(at, Math.min(bytes, at + part.length - from))
      part.set(piece, from)
      at += piece.length
    }
  }

  open(family: Family, kind: Kind): number {
    return this.#call('open', family, kind)
  }

  pair(): readonly [number, number] {
    return this.#call('pair')
  }

  close(id: number): void {
    this.#call('close', id)
  }

  resolve(
    host: string,
    port: number,
    family: 'inet' | 'inet6' | undefined,
    most: number,
  ): readonly IpAddress[] {
    return this.#call('resolve', host, port, family, most)
  }

  connect(id: number, address: Address): void {
    this.#call('connect', id, address)
  }

  connectHost(id: number, host: string, port: number): void {
    this.#call('connectHost', id, host, port)
  }

  bind(id: number, address: Address): void {
    this.#call('bind', id, address)
  }

  listen(id: number, backlog: number): void {
    this.#call('listen', id, backlog)
  }

  accept(id: number, nonblocking: boolean): { readonly id: number; readonly peer: Address } {
    return this.#call('accept', id, nonblocking)
  }

  receive(id: number, iovec: Iovec, flags: number): number {
    let got = 0
    for (;;) {
      const size = Math.min(iovec.size - got, TRANSFER_BYTES)
      const bytes = this.#call('receive', id, size, flags, got)
      this.#scatter(iovec, got, bytes)
      got += bytes
      // Only WAITALL into more bytes than one call carries goes round again.
      if ((flags & WAITALL) === 0 || bytes < size || got >= iovec.size) return got
    }
  }

  receiveFrom(id: number, iovec: Iovec, flags: number): Received {
    const received = this.#call('receiveFrom', id, Math.min(iovec.size, TRANSFER_BYTES), flags)
    this.#scatter(iovec, 0, received.bytes)
    return received
  }

  send(id: number, iovec: Iovec, flags: number, to?: Address): number {
    const size = Math.min(iovec.size, TRANSFER_BYTES)
    let at = 0
    for (const part of iovec.parts()) {
      const piece = part.subarray(0, size - at)
      this.#cargo.set(piece, at)
      at += piece.length
      if (at === size) break
    }
    return this.#call('send', id, size, flags, to)
  }

  shutdown(id: number, how: number): void {
    this.#call('shutdown', id, how)
  }

  localAddress(id: number): Address {
    return this.#call('localAddress', id)
  }

  peerAddress(id: number): Address {
    return this.#call('peerAddress', id)
  }

  facts(id: number): SocketFacts {
    return this.#call('facts', id)
  }

  getOption(id: number, name: Option): number | string {
    return this.#call('getOption', id, name)
  }

  setOption(id: number, name: Option, value: number): void {
    this.#call('setOption', id, name, value)
  }

  setNonblocking(id: number, on: boolean): void {
    this.#call('setNonblocking', id, on)
  }

  disconnect(id: number): void {
    this.#call('disconnect', id)
  }

  poll(requests: readonly PollRequest[], timeoutMs: number): readonly PollAnswer[] {
    const plain = requests.map(({ id, read, write }) => ({ id, read, write }))
    return this.#call('poll', plain, timeoutMs)
  }

  startTls(id: number, request: TlsRequest): void {
    this.#call('startTls', id, request)
  }

  tlsInfo(id: number, what: TlsQuestion): Uint8Array {
    return this.#call('tlsInfo', id, what)
  }

  noteFailure(id: number | undefined, detail: string): void {
    this.#call('noteFailure', id, detail)
  }

  errorText(id: number): string {
    return this.#call('errorText', id)
  }
}

const shared = (memory: SharedMemory, size: number): Iovec => ({
  size,
  parts: () => [transferArea(memory).subarray(0, size)],
})

/** Serves the calls of {@link RemoteSockets}: bytes come from the shared memory and go there. */
export const serveSockets =
  (sockets: SocketCalls, memory: SharedMemory): ((request: Request) => unknown) =>
  ({ op, args }: Request): unknown => {
    if (op === 'receive' || op === 'receiveFrom') {
      const [id, size, flags, before] = args as [number, number, number, number?]
      return sockets[op](id, shared(memory, size), flags, before)
    }
    if (op === 'send') {
      const [id, size, flags, to] = args as [number, number, number, Address | undefined]
      return sockets.send(id, shared(memory, size), flags, to)
    }
    const call = sockets[op as keyof SocketCalls] as (...rest: readonly unknown[]) => unknown
    return call.apply(sockets, [...args])
  }
