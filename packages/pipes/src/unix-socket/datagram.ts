/** UnixDatagram: datagrams of AF_UNIX. */
import { SocketError, sockets } from '@uds/winsock-ffi'
import {
  checkBytes,
  callTimeout,
  checkedDirection,
  type ShutdownHow,
  type WaitOptions,
} from '../options/arguments.ts'
import { withAddress } from '../errors/errors.ts'
import { socketSystem as system } from './system/select.ts'
import { READ, RESET, WRITE, type Direction } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import { Timed } from '../blocking/timed.ts'
import { traced } from '../trace.ts'
import { checkedUnixAddr, UnixSocketAddr } from './address.ts'
import { bindFile, closeSocket } from './socket-file.ts'
import { boundFile, packFile, unpackFile, type BoundFile } from './bound-file.ts'
import { readFileOptions, type UnixBindOptions } from './bind-options.ts'
import { openBound } from './socket-file.ts'
import { addrOf, withUnixAddress } from './long-path.ts'
import { checkedSocket } from './raw-handle.ts'
import { attemptUntil, withoutWaiting, withSocket } from './waiting.ts'

/** The result of {@link UnixDatagram.recvFrom}. */
export interface ReceivedDatagram {
  /** The bytes that are in the buffer. A datagram may have none. */
  readonly bytes: number
  /** Who sent it; unnamed for a sender that is not bound, or whose path is too long for an address. */
  readonly address: UnixSocketAddr
  /** True when the datagram was longer than the buffer; the rest is lost. */
  readonly truncated: boolean
}

const reset = (): SocketError =>
  new SocketError({
    code: 'ECONNRESET',
    syscall: 'recvmsg',
    detail: 'the peer connected to another socket, or to none',
  })

/**
 * What arrived before a reset is received before it: the system reports the error of a datagram socket first
 * (__skb_try_recv_datagram in Linux' net/core/datagram.c).
 */
const beforeReset = (state: SharedState, receive: () => number): number => {
  try {
    return receive()
  } catch (error) {
    const { code } = error as SocketError
    if (code === 'ECONNRESET') {
      state.add(RESET)
      return beforeReset(state, receive)
    }
    const empty = code === 'ETIMEDOUT' || code === 'EAGAIN'
    throw empty && (state.clear(RESET) & RESET) !== 0 ? reset() : error
  }
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

  #call(
    syscall: string,
    direction: Direction,
    options: WaitOptions | undefined,
    attempt: (state: SharedState) => number,
  ): number {
    const state = this.opened(syscall)
    const lock = new DirectionLock(state, direction, syscall, callTimeout(options, syscall))
    const result = attemptUntil(lock, () => withoutWaiting(() => attempt(state)))
    if (result < 0) throw system.failed(-result, syscall)
    return result
  }

  /**
   * Sends a datagram to the peer that was set by {@link connect}. It waits while the receiver's queue is full.
   *
   * @throws SocketError `EDESTADDRREQ` or `ENOTCONN` without a peer, `ECONNREFUSED` when it is gone, `EMSGSIZE`, `ETIMEDOUT`,
   *   `EAGAIN`.
   */
  send(data: Uint8Array, options?: WaitOptions): number {
    checkBytes(data, 'send', 'the data')
    return this.#call('send', WRITE, options, (state) => system.trySend(state.handle, data))
  }

  /** Sends a datagram to an address. */
  sendTo(data: Uint8Array, address: string | Uint8Array | UnixSocketAddr, options?: WaitOptions): number {
    checkBytes(data, 'sendTo', 'the data')
    const to = address instanceof UnixSocketAddr ? address : UnixSocketAddr.fromPathname(address)
    try {
      return withUnixAddress(to, 'sendTo', (at) =>
        this.#call('sendTo', WRITE, options, (state) =>
          withSocket(state, 'datagram', 'sendto', (socket) =>
            sockets.send(socket, data, { to: at, timeoutMs: 0 }),
          ),
        ),
      )
    } catch (error) {
      // What the system itself said is said of an address; what this package says needs none.
      const { nativeCode } = error as Partial<SocketError>
      throw nativeCode === undefined ? error : withAddress(error as SocketError, to.toString())
    }
  }

  /** Receives a datagram. @returns Its number of bytes, at most as many as the buffer holds. */
  recv(buffer: Uint8Array, options?: WaitOptions): number {
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
    // A system call with no room at all would be taken for a mistake one layer below.
    const room = buffer.length === 0 ? new Uint8Array(1) : buffer
    let received: ReceivedDatagram = { bytes: 0, address: UnixSocketAddr.unnamed, truncated: false }
    this.#call(syscall, READ, options, (state) =>
      beforeReset(state, () =>
        withSocket(state, 'datagram', 'recvmsg', (socket) => {
          const { bytes, from, truncated } = sockets.receiveMessage(socket, room, { peek, timeoutMs: 0 })
          const address = from === undefined ? UnixSocketAddr.unnamed : addrOf(from)
          const cut = truncated || bytes > buffer.length
          received = { bytes: Math.min(bytes, buffer.length), address, truncated: cut }
          return bytes
        }),
      ),
    )
    return received
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
    return error ?? ((state.clear(RESET) & RESET) === 0 ? null : reset())
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
