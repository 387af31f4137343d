/** UnixDatagram: datagrams of AF_UNIX. */
import { sockets, type SocketError } from '@uds/winsock-ffi'
import {
  checkBytes,
  callTimeout,
  checkedDirection,
  type ShutdownHow,
  type WaitOptions,
} from '../options/arguments.ts'
import { withAddress } from '../errors/errors.ts'
import { socketSystem as system } from './system/select.ts'
import { READ, RESET, WRITE } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { Timed } from '../blocking/timed.ts'
import { traced } from '../trace.ts'
import { checkedUnixAddr, UnixSocketAddr } from './address.ts'
import { bindFile, closeSocket } from './socket-file.ts'
import { boundFile, packFile, unpackFile, type BoundFile } from './bound-file.ts'
import { readFileOptions, type UnixBindOptions } from './bind-options.ts'
import { openBound } from './socket-file.ts'
import { addrOf, withUnixAddress } from './long-path.ts'
import { checkedSocket } from './raw-handle.ts'
import {
  datagramCall,
  receiveFrom,
  receiveOrdinary,
  resetError,
  sending,
  sendingTo,
  sendOrdinary,
} from './datagram-io.ts'
import type { DatagramBatch } from './datagram-batch.ts'
import { recvMany, sendMany, type SendManyOptions } from './datagram-many.ts'
import { setKernelTimeout, withSocket } from './waiting.ts'

/** The result of {@link UnixDatagram.recvFrom}. */
export interface ReceivedDatagram {
  /** The bytes that are in the buffer. A datagram may have none. */
  readonly bytes: number
  /** Who sent it; unnamed for a sender that is not bound, or whose path is too long for an address. */
  readonly address: UnixSocketAddr
  /** True when the datagram was longer than the buffer; the rest is lost. */
  readonly truncated: boolean
}

/** An address to send to. */
interface Target {
  readonly passed: string | Uint8Array | UnixSocketAddr
  readonly address: UnixSocketAddr
  /** Undefined for a path that is reached by a shorter one. */
  readonly encoded: Uint8Array | undefined
}

/**
 * An AF_UNIX datagram socket with calls that wait: Rust's `std::os::unix::net::UnixDatagram`. Each `send` is one
 * datagram, which arrives whole, once and in order.
 *
 * ## Platform behaviour
 * Windows has none: `EAFNOSUPPORT` or `ESOCKTNOSUPPORT`.
 */
export class UnixDatagram extends Timed {
  declare readonly kind: 'UnixDatagram'
  readonly #file: BoundFile | undefined
  /** The last address that was sent to. */
  #target: Target | undefined

  /** Of no use outside this package: use `bind`, `unbound`, `pair`, `fromRawHandle`, `fromTransfer`. */
  constructor(state: SharedState, file: BoundFile | undefined) {
    super(state, 'UnixDatagram', (closing) => closeSocket(closing, file))
    this.#file = file
  }

  static #of(fd: number): UnixDatagram {
    return new UnixDatagram(SharedState.create(fd, system), undefined)
  }

  /**
   * Creates a socket file to be sent to.
   *
   * @param options - As of {@link UnixListener.bind}, but for `backlog`.
   * @throws SocketError as {@link UnixListener.bind}.
   */
  static override bind(
    path: string | Uint8Array,
    options: Omit<UnixBindOptions, 'backlog'> = {},
  ): UnixDatagram {
    return UnixDatagram.bindAddr(UnixSocketAddr.fromPathname(path), options)
  }

  static bindAddr(address: UnixSocketAddr, options: Omit<UnixBindOptions, 'backlog'> = {}): UnixDatagram {
    const to = checkedUnixAddr(address, 'bindAddr')
    const settings = readFileOptions(options)
    const { fd, result } = openBound('datagram', (socket) => bindFile(socket, to, settings, () => {}))
    return new UnixDatagram(SharedState.create(fd, system), boundFile(to, result, settings))
  }

  /** A socket without an address, to send from. */
  static unbound(): UnixDatagram {
    return UnixDatagram.#of(traced('socket', 'unix', () => sockets.open('unix', 'datagram')).release())
  }

  /** Two sockets that are connected to each other. */
  static pair(): [UnixDatagram, UnixDatagram] {
    const [a, b] = traced('socketpair', 'unix', () => sockets.pair('datagram'))
    return [UnixDatagram.#of(a.release()), UnixDatagram.#of(b.release())]
  }

  /** Takes charge of a datagram socket that something else opened. @throws as {@link UnixStream.fromRawHandle}. */
  static fromRawHandle(handle: number): UnixDatagram {
    return UnixDatagram.#of(checkedSocket(handle, 'datagram', false))
  }

  static fromTransfer(token: TransferToken): UnixDatagram {
    const claimed = claimToken(token, 'UnixDatagram')
    return new UnixDatagram(new SharedState(claimed.memory, system), unpackFile(claimed))
  }

  /** Another object for the same socket. */
  tryClone(): UnixDatagram {
    return new UnixDatagram(this.retained('tryClone'), this.#file)
  }

  /** Sets where {@link send} sends to, and from whom {@link recv} receives. */
  connect(path: string | Uint8Array): void {
    this.connectAddr(UnixSocketAddr.fromPathname(path))
  }

  connectAddr(address: UnixSocketAddr): void {
    const to = checkedUnixAddr(address, 'connectAddr')
    const state = this.opened('connect')
    withUnixAddress(to, 'connect', (at) =>
      withSocket(state, 'datagram', 'connect', (socket) => sockets.connect(socket, at)),
    )
  }

  /**
   * Sends a datagram to the peer that was set by {@link connect}. It waits while the receiver's queue is full.
   *
   * @throws SocketError `EDESTADDRREQ` or `ENOTCONN` without a peer, `ECONNREFUSED` when it is gone, `EMSGSIZE`, `ETIMEDOUT`,
   *   `EAGAIN`.
   */
  send(data: Uint8Array, options?: WaitOptions): number {
    if (options === undefined && data instanceof Uint8Array && data.length > 0) {
      const sent = sendOrdinary(this.opened('send'), data)
      if (sent !== undefined) return sent
    }
    checkBytes(data, 'send', 'the data')
    const state = this.opened('send')
    return datagramCall(state, WRITE, 'send', callTimeout(options, 'send'), sending(data))
  }

  /** Sends a datagram to an address. */
  sendTo(data: Uint8Array, address: string | Uint8Array | UnixSocketAddr, options?: WaitOptions): number {
    checkBytes(data, 'sendTo', 'the data')
    const to = this.#resolved(address)
    const state = this.opened('sendTo')
    const timeoutMs = callTimeout(options, 'sendTo')
    const sendTo = (encoded: Uint8Array): number =>
      datagramCall(state, WRITE, 'sendto', timeoutMs, sendingTo(data, encoded))
    try {
      return to.encoded === undefined
        ? withUnixAddress(to.address, 'sendTo', (at) => sendTo(at.encode()))
        : sendTo(to.encoded)
    } catch (error) {
      // What the system itself said is said of an address; what this package says needs none.
      const { nativeCode } = error as Partial<SocketError>
      throw nativeCode === undefined ? error : withAddress(error as SocketError, to.address.toString())
    }
  }

  /** An address that a caller passed, as the system takes it: a program that sends a path sends it again. */
  #resolved(address: string | Uint8Array | UnixSocketAddr): Target {
    if (this.#target !== undefined && this.#target.passed === address) return this.#target
    const to = address instanceof UnixSocketAddr ? address : UnixSocketAddr.fromPathname(address)
    const encoded = to.isLong ? undefined : to.address.encode()
    const target = { passed: address, address: to, encoded }
    // The bytes of a path may be others the next time.
    if (!(address instanceof Uint8Array)) this.#target = target
    return target
  }

  /**
   * Sends the datagrams of a batch, in order: on Linux in one system call, as long as the receiver's queue takes them
   * (sendmmsg(2)), elsewhere one by one.
   *
   * @returns How many were sent: all of them, or fewer in non-blocking mode.
   * @throws SocketError as {@link send}, with `datagramsSent`; `EAGAIN` when none was sent.
   */
  sendMany(batch: DatagramBatch, options?: SendManyOptions): number {
    return sendMany(this.opened('sendMany'), batch, options)
  }

  /**
   * Waits for a datagram, and takes those that are there with it, as many as the batch holds: on Linux in one system call
   * (recvmmsg(2)). What the batch held before is forgotten.
   *
   * @returns How many there are: the `length` of the batch.
   */
  recvMany(batch: DatagramBatch, options?: WaitOptions): number {
    return recvMany(this.opened('recvMany'), batch, options)
  }

  /** Receives a datagram. @returns Its number of bytes, at most as many as the buffer holds. */
  recv(buffer: Uint8Array, options?: WaitOptions): number {
    if (options === undefined && buffer instanceof Uint8Array && buffer.length > 0) {
      const received = receiveOrdinary(this.opened('recv'), buffer)
      if (received !== undefined) return received
    }
    return this.#receive(buffer, 'recv', false, options).bytes
  }

  /** Receives a datagram and the address of its sender. */
  recvFrom(buffer: Uint8Array, options?: WaitOptions): ReceivedDatagram {
    return this.#receive(buffer, 'recvFrom', false, options)
  }

  /** Looks at the next datagram without taking it. */
  peek(buffer: Uint8Array, options?: WaitOptions): number {
    return this.#receive(buffer, 'peek', true, options).bytes
  }

  #receive(
    buffer: Uint8Array,
    syscall: string,
    peek: boolean,
    options: WaitOptions | undefined,
  ): ReceivedDatagram {
    checkBytes(buffer, syscall, 'the buffer')
    const state = this.opened(syscall)
    // A system call with no room at all would be taken for a mistake one layer below.
    const room = buffer.length === 0 ? new Uint8Array(1) : buffer
    const timeoutMs = callTimeout(options, syscall)
    const { length, from, truncated } = receiveFrom(state, room, syscall, timeoutMs, peek)
    const cut = truncated || length > buffer.length
    return { bytes: Math.min(length, buffer.length), address: from, truncated: cut }
  }

  /** As of other handles; the timeouts that were set here do not stay on the socket. */
  override intoRawHandle(): number {
    const state = this.opened('intoRawHandle')
    setKernelTimeout(state, READ, -1)
    setKernelTimeout(state, WRITE, -1)
    return super.intoRawHandle()
  }

  localAddr(): UnixSocketAddr {
    const state = this.opened('localAddr')
    return addrOf(withSocket(state, 'datagram', 'getsockname', sockets.localAddress), this.#file?.longPath)
  }

  /** @throws SocketError `ENOTCONN` without a peer. */
  peerAddr(): UnixSocketAddr {
    return addrOf(withSocket(this.opened('peerAddr'), 'datagram', 'getpeername', sockets.peerAddress))
  }

  /** The error that waits on the socket, which this call clears; null for none. */
  takeError(): SocketError | null {
    const state = this.opened('takeError')
    const error = withSocket(state, 'datagram', 'getsockopt', (socket) =>
      sockets.getOption(socket, 'SO_ERROR'),
    )
    return error ?? ((state.clear(RESET) & RESET) === 0 ? null : resetError())
  }

  /** Ends one direction, or both, for all clones. */
  shutdown(how: ShutdownHow): void {
    withSocket(this.opened('shutdown'), 'datagram', 'shutdown', (socket) =>
      sockets.shutdown(socket, checkedDirection(how)),
    )
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return packFile(this.#file)
  }
}
