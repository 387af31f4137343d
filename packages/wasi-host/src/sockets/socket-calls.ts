/**
 * What the ABIs ask of the sockets. It knows nothing of memory layouts and nothing of waiting: sockets.ts does it in
 * the thread of the guest, wait/remote.ts passes it to the thread that has the sockets. Whatever fails throws (or
 * rejects with) a Failure.
 */
import type { Address, Family, IpAddress, Kind } from '../network/address.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { OptionName } from '../network/network.ts'
import type { Outcome } from '../outcome/sync-promise.ts'

/** Flags of sending and receiving. */
export const PEEK = 1
export const WAITALL = 2
export const DONTWAIT = 4

/** The options that have a value of their own, beside those of the system. */
export type Option =
  | OptionName
  | 'SO_TYPE'
  | 'SO_ERROR'
  | 'SO_ACCEPTCONN'
  | 'SO_DOMAIN'
  | 'SO_PROTOCOL'
  | 'SO_RCVTIMEO'
  | 'SO_SNDTIMEO'
  /** Milliseconds for connecting and for accepting. @default those of sending and receiving */
  | 'CONNECT_TIMEOUT'
  | 'ACCEPT_TIMEOUT'

export interface Received {
  readonly bytes: number
  readonly truncated: boolean
  readonly from: Address | undefined
}

/** What a socket is like. */
export interface SocketFacts {
  readonly family: Family
  readonly kind: Kind
  readonly nonblocking: boolean
  readonly state: 'open' | 'bound' | 'listening' | 'connecting' | 'connected' | 'failed'
}

export interface PollRequest {
  readonly id: number
  readonly read: boolean
  readonly write: boolean
}

export interface PollAnswer {
  readonly readable: boolean
  readonly writable: boolean
  readonly hangup: boolean
  /** Bytes that a read returns at once. */
  readonly available: number
  readonly error: boolean
}

export interface TlsRequest {
  readonly servername: string
  readonly verify: boolean
  readonly checkName: boolean
  readonly ca: string | undefined
  readonly alpn: readonly string[]
}

/** What can be asked about TLS on a socket. */
export type TlsQuestion = 'protocol' | 'cipher' | 'alpn' | 'certificate'

export interface SocketCalls {
  /** Returns the number of the socket, which is not yet a descriptor of the guest. */
  open(family: Family, kind: Kind): Outcome<number>
  /** Returns the numbers of two streams that are connected with each other. */
  pair(): Outcome<readonly [number, number]>
  close(id: number): Outcome<void>
  resolve(
    host: string,
    port: number,
    family: 'inet' | 'inet6' | undefined,
    most: number,
  ): Outcome<readonly IpAddress[]>
  connect(id: number, address: Address): Outcome<void>
  connectHost(id: number, host: string, port: number): Outcome<void>
  bind(id: number, address: Address): Outcome<void>
  listen(id: number, backlog: number): Outcome<void>
  accept(id: number, nonblocking: boolean): Outcome<{ readonly id: number; readonly peer: Address }>
  /**
   * Receives from a stream, or a datagram that is cut to the iovec. Returns the number of bytes; 0 is the end of the stream.
   *
   * @param before - Bytes that the same call of the guest has received already: its next call reports what fails then.
   */
  receive(id: number, iovec: Iovec, flags: number, before?: number): Outcome<number>
  receiveFrom(id: number, iovec: Iovec, flags: number): Outcome<Received>
  send(id: number, iovec: Iovec, flags: number, to?: Address): Outcome<number>
  /** 1 = reading, 2 = writing, 3 = both. */
  shutdown(id: number, how: number): Outcome<void>
  localAddress(id: number): Outcome<Address>
  peerAddress(id: number): Outcome<Address>
  facts(id: number): Outcome<SocketFacts>
  getOption(id: number, name: Option): Outcome<number | string>
  setOption(id: number, name: Option, value: number): Outcome<void>
  setNonblocking(id: number, on: boolean): Outcome<void>
  /** Takes the only peer of a datagram socket away again. */
  disconnect(id: number): Outcome<void>
  /** Waits until one is ready or the time is up (-1: never). */
  poll(requests: readonly PollRequest[], timeoutMs: number): Outcome<readonly PollAnswer[]>
  startTls(id: number, request: TlsRequest): Outcome<void>
  tlsInfo(id: number, what: TlsQuestion): Outcome<Uint8Array>
  /**
   * Keeps in words what a call of the guest failed with.
   *
   * @param id - The socket that the call named, if any.
   */
  noteFailure(id: number | undefined, detail: string): Outcome<void>
  /** What failed last on a socket, or at all (-1), in words. */
  errorText(id: number): Outcome<string>
}

/** What sockets can do besides where they are of the thread and the loop of the guest. */
export interface LoopSockets extends SocketCalls {
  /** Whether a read, an accept or a write would not wait. */
  isReady(id: number, reads: boolean): boolean
  /** Calls back whenever a socket may have become ready; returns what ends that. */
  subscribe(id: number, callback: () => void): () => void
  /** Bytes of a stream that are in this thread already; only where asking costs nothing. */
  readonly arrived: ((id: number) => number) | undefined
  /** Waits for such; spurious ends of the wait are allowed. */
  readonly untilArrived: ((id: number) => Outcome<void>) | undefined
}
