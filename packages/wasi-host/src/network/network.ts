/**
 * What a socket of a guest stands on. Two networks satisfy this: node/ over Node's own classes and @uds/stream, whose
 * waits are promises, and ffi/ over the system calls, whose waits block the thread.
 *
 * Calls of an end never wait; they return NOT_YET. The caller that may wait calls `Network.wait`.
 */
import type { Address, Family } from './address.ts'
import type { Target } from './target.ts'
import type { NOT_YET, Outcome } from '../outcome/sync-promise.ts'

/** The socket options that can be passed on to the system. */
export type OptionName =
  | 'SO_REUSEADDR'
  | 'SO_BROADCAST'
  | 'SO_SNDBUF'
  | 'SO_RCVBUF'
  | 'SO_KEEPALIVE'
  | 'SO_LINGER'
  | 'TCP_NODELAY'
  | 'IPV6_V6ONLY'

export type Options = ReadonlyMap<OptionName, number>

export interface End {
  readonly local: Address | undefined
  /** Whether a read, an accept would not wait. Also true at the end of the stream and after an error. */
  readable(): boolean
  /** Whether a write would not wait, or the connecting has ended. */
  writable(): boolean
  /** Bytes that a read returns at once. */
  available(): number
  /** The peer has closed, or the connection broke. */
  hungUp(): boolean
  /** Applies an option; false when the system keeps no such thing here, so that it is only remembered. */
  setOption(name: OptionName, value: number): boolean
  close(): void
}

/** A connected stream. */
export interface StreamEnd extends End {
  readonly peer: Address | undefined
  /** Reads into memory; 0 at the end of the stream. Throws what broke the connection. */
  read(into: Uint8Array, peek: boolean): number | typeof NOT_YET
  /**
   * Reads as {@link read}, and waits for it a while in the same system call. Only where that is less than to read, to wait
   * and to read again.
   */
  readWaiting?(into: Uint8Array): number | typeof NOT_YET
  /** Takes as many bytes as there is room for, at least one. The memory may change afterwards. */
  write(from: Uint8Array): number | typeof NOT_YET
  /** Ends one direction: 1 = reading, 2 = writing, 3 = both. */
  shutdown(how: number): void
}

/** A connection in the making. */
export interface Connecting extends End {
  /** The connected stream. Throws why there is none. */
  result(): StreamEnd | typeof NOT_YET
}

/** A bound stream socket, which may listen. */
export interface ListenEnd extends End {
  listen(backlog: number): void
  accept(): StreamEnd | typeof NOT_YET
}

export interface Datagram {
  /** The whole length, which may be more than the room that it was read into. */
  readonly size: number
  readonly from: Address | undefined
}

export interface DatagramEnd extends End {
  readonly peer: Address | undefined
  bind(address: Address): Outcome<void>
  /** Sets the only peer; the system drops datagrams from others. */
  connect(address: Address): Outcome<void>
  /** Takes the peer away again. */
  disconnect(): Outcome<void>
  receive(into: Uint8Array, peek: boolean): Datagram | typeof NOT_YET
  send(bytes: Uint8Array, to: Address | undefined): Outcome<number | typeof NOT_YET>
}

export interface TlsSettings {
  readonly servername: string
  readonly verify: boolean
  readonly checkName: boolean
  /** PEM certificates to trust instead of the default ones. */
  readonly ca: string | undefined
  readonly alpn: readonly string[]
}

/** What one TLS connection agreed on. */
export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly alpn: string
  /** The certificate of the peer, DER. */
  readonly certificate: Uint8Array
}

/** What to wait for. */
export interface Interest {
  readonly end: End
  readonly read: boolean
  readonly write: boolean
}

export interface ConnectOptions {
  /** The address that the guest bound before. */
  readonly from: Address | undefined
  readonly options: Options
}

export interface Network {
  /** Waits until one of several ends is ready, or the time is up (-1: never). Spurious ends of the wait are allowed. */
  wait(interests: readonly Interest[], timeoutMs: number): Outcome<void>
  /** Calls back whenever an end may have become ready; returns what ends that. Only of a network in the loop. */
  subscribe?(end: End, callback: () => void): () => void
  /** The addresses of a name, IPv6 and IPv4 in turn. */
  resolve(host: string): Outcome<readonly string[]>
  connect(target: Target, options: ConnectOptions): Connecting
  /** Binds a stream socket. */
  bind(target: Target, family: Family, options: Options): Outcome<ListenEnd>
  datagram(family: Family, options: Options): DatagramEnd
  /** Two streams that are connected with each other alone. */
  pair(): Outcome<readonly [StreamEnd, StreamEnd]>
  startTls(
    end: StreamEnd,
    settings: TlsSettings,
    timeoutMs: number,
  ): Outcome<{ end: StreamEnd; facts: TlsFacts }>
  /** Ends every wait with this, now and from now on. */
  stop(reason: unknown): void
  /** Closes what is left, and lets go out what was sent: until nothing has moved for so long. */
  close(lingerMs: number): Promise<void>
}
