/** One socket of a guest: what it is and what it has become. */
import { show, unspecified, type Address, type Family, type Kind } from '../network/address.ts'
import type { Option, SocketFacts } from './socket-calls.ts'
import { Failure, failureOf } from '../outcome/failure.ts'
import type {
  Connecting,
  DatagramEnd,
  End,
  ListenEnd,
  OptionName,
  StreamEnd,
  TlsFacts,
} from '../network/network.ts'
import type { Target } from '../network/target.ts'
import { NOT_YET } from '../outcome/sync-promise.ts'

/** Addresses that an unbound datagram socket may hear from; those of later ones are not heard. */
const MOST_CONTACTS = 4096

/** Numbers of Linux, as guest/ABI.md lists them. */
const domains: Readonly<Record<Family, number>> = { unix: 1, inet: 2, inet6: 10 }
const IPPROTO_TCP = 6
const IPPROTO_UDP = 17

/** What an option is before it is set. */
const defaults: Readonly<Record<OptionName, number>> = {
  SO_REUSEADDR: 0,
  SO_BROADCAST: 0,
  // The sizes of a TCP socket on Linux: tcp(7), tcp_rmem and tcp_wmem.
  SO_SNDBUF: 16_384,
  SO_RCVBUF: 131_072,
  SO_KEEPALIVE: 0,
  SO_LINGER: -1,
  TCP_NODELAY: 0,
  IPV6_V6ONLY: 0,
}

export class GuestSocket {
  readonly family: Family
  readonly kind: Kind
  nonblocking = false
  /** Whether it counts for the quotas of the guest: a standard stream does not. */
  counts = true
  receiveTimeoutMs = -1
  sendTimeoutMs = -1
  /** Those of connecting and accepting, if they have their own. */
  connectTimeoutMs = -1
  acceptTimeoutMs = -1
  readonly options: Map<OptionName, number> = new Map()
  stream: StreamEnd | undefined
  listener: ListenEnd | undefined
  datagram: DatagramEnd | undefined
  connecting: Connecting | undefined
  /** Reports that the connection in the making has failed. */
  connectFailed: ((error: unknown) => void) | undefined
  listening = false
  /** The address that it was bound to. */
  local: Address | undefined
  /** The address that the guest dialled, wherever that led. */
  dialled: Address | undefined
  /** What failed in the background, or after a part was moved. SO_ERROR and the next call report it. */
  pending: Failure | undefined
  tls: TlsFacts | undefined
  /** What failed last, in words. */
  failure = ''
  /** Addresses of the system, and what the guest calls them: of datagrams that a route leads elsewhere. */
  readonly #routed: { readonly real: string; readonly guest: Address }[] = []

  readonly #contacts = new Set<string>()

  constructor(family: Family, kind: Kind) {
    this.family = family
    this.kind = kind
  }

  get end(): End | undefined {
    return this.stream ?? this.connecting ?? this.listener ?? this.datagram
  }

  get state(): SocketFacts['state'] {
    if (this.stream || (this.datagram && this.dialled)) return 'connected'
    if (this.connecting) return 'connecting'
    if (this.pending) return 'failed'
    if (this.listening) return 'listening'
    return this.listener || this.local ? 'bound' : 'open'
  }

  /** Fails unless it can be connected now. */
  expectUnconnected(): void {
    this.finishConnectingQuietly()
    if (this.stream) throw new Failure('EISCONN', 'the socket is connected already')
    if (this.connecting) throw new Failure('EALREADY', 'the socket is being connected')
    if (this.listening) throw new Failure('EISCONN', 'the socket listens')
    this.throwPending()
  }

  /** Fails with what is pending, once. */
  throwPending(): void {
    const { pending } = this
    this.pending = undefined
    if (pending) throw pending
  }

  /** The connection that was begun, if it has been made. Throws why it could not be. */
  finishConnecting(): true | typeof NOT_YET {
    if (!this.connecting) {
      if (this.stream) return true
      throw this.pending ?? new Failure('ECONNABORTED', 'the socket was closed while it was being connected')
    }
    let made: StreamEnd | typeof NOT_YET
    try {
      made = this.connecting.result()
    } catch (error) {
      this.noteConnectFailed(error)
      throw error
    }
    if (made === NOT_YET) return NOT_YET
    this.connecting = undefined
    this.stream = made
    return true
  }

  /** Reports once that the connection could not be made. */
  noteConnectFailed(error: unknown): void {
    this.connectFailed?.(error)
    this.connectFailed = undefined
  }

  /** The same without throwing: a failure becomes SO_ERROR. */
  finishConnectingQuietly(): void {
    if (!this.connecting) return
    try {
      this.finishConnecting()
    } catch (error) {
      this.abandonConnecting()
      this.pending = failureOf(error)
      this.failure = this.pending.detail
    }
  }

  abandonConnecting(): void {
    this.connecting?.close()
    this.connecting = undefined
  }

  /** The stream to read and write. Throws what keeps it from being one. */
  connectedStream(): StreamEnd {
    if (this.stream) return this.stream
    this.finishConnectingQuietly()
    if (this.stream) return this.stream
    this.throwPending()
    if (this.connecting) throw new Failure('EAGAIN', 'the socket is still being connected')
    throw new Failure('ENOTCONN', 'the socket is not connected')
  }

  peerAddress(): Address {
    return this.dialled ?? this.stream?.peer ?? this.datagram?.peer ?? unspecified(this.family)
  }

  /** Where a datagram really goes; datagrams from there carry the address of the guest again. */
  datagramTarget(address: Address, target: Target): Address {
    const real = datagramAddress(target)
    if (real.family !== this.family) {
      throw new Failure(
        'ENOTSUP',
        `a datagram socket of the family ${this.family} cannot reach ${show(real)}`,
      )
    }
    if (show(real) !== show(address)) {
      const key = show(real)
      if (!this.#routed.some((each) => each.real === key)) this.#routed.push({ real: key, guest: address })
    }
    return real
  }

  /** Notes that a datagram was sent there. */
  noteContact(address: Address | undefined): void {
    if (address !== undefined && this.#contacts.size < MOST_CONTACTS) this.#contacts.add(show(address))
  }

  /**
   * Whether a datagram from there may be received. A socket that was never bound has a port all the same, once it has
   * sent; being reached by any process there is what the permission to bind is for.
   */
  acceptsFrom(address: Address | undefined): boolean {
    if (this.local !== undefined || this.dialled !== undefined) return true
    return address !== undefined && this.#contacts.has(show(address))
  }

  asDialled(address: Address | undefined): Address | undefined {
    if (address === undefined) return undefined
    return this.#routed.find(({ real }) => real === show(address))?.guest ?? address
  }

  /** A number, or the code of the error that waits for SO_ERROR. */
  getOption(name: Option): number | string {
    switch (name) {
      case 'SO_TYPE':
        return this.kind === 'stream' ? 1 : 2
      case 'SO_DOMAIN':
        return domains[this.family]
      case 'SO_PROTOCOL':
        if (this.family === 'unix') return 0
        return this.kind === 'stream' ? IPPROTO_TCP : IPPROTO_UDP
      case 'SO_ACCEPTCONN':
        return this.listening ? 1 : 0
      case 'SO_RCVTIMEO':
        return this.receiveTimeoutMs
      case 'SO_SNDTIMEO':
        return this.sendTimeoutMs
      case 'CONNECT_TIMEOUT':
        return this.connectTimeoutMs
      case 'ACCEPT_TIMEOUT':
        return this.acceptTimeoutMs
      case 'SO_ERROR': {
        this.finishConnectingQuietly()
        const { pending } = this
        this.pending = undefined
        return pending?.code ?? 0
      }
      default:
        return this.options.get(name) ?? defaults[name]
    }
  }

  setOption(name: Option, value: number): void {
    if (name === 'SO_RCVTIMEO') this.receiveTimeoutMs = value < 0 ? -1 : value
    else if (name === 'SO_SNDTIMEO') this.sendTimeoutMs = value < 0 ? -1 : value
    else if (name === 'CONNECT_TIMEOUT') this.connectTimeoutMs = value < 0 ? -1 : value
    else if (name === 'ACCEPT_TIMEOUT') this.acceptTimeoutMs = value < 0 ? -1 : value
    else if (Object.hasOwn(defaults, name)) {
      const option = name as OptionName
      const number = option.endsWith('BUF') || option === 'SO_LINGER' ? value : value === 0 ? 0 : 1
      this.end?.setOption(option, number)
      this.options.set(option, number)
    } else throw new Failure('ENOPROTOOPT', `${name} can only be read`)
  }
}

/** The address of the system behind a target of datagrams. */
const datagramAddress = (target: Target): Address => {
  if (target.kind === 'unix') return { family: 'unix', path: target.path }
  if (target.kind === 'ip')
    return { family: target.host.includes(':') ? 'inet6' : 'inet', host: target.host, port: target.port }
  throw new Failure('ENOTSUP', 'datagrams can be led to udp: and unix: addresses only')
}
