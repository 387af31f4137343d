/** UnixStream: connect, pair, read and write, addresses, credentials, descriptors. */
import { SocketError, sockets, type Descriptor, type PeerCredentials } from '@uds/winsock-ffi'
import { callTimeout, parseTimeout, type ShutdownHow, type WaitOptions } from '../options/arguments.ts'
import { socketSystem as system } from './system/select.ts'
import { ENDED_READ, ENDED_WRITE, HANDLE, READ, RESET, WRITE } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { BlockingStream } from '../blocking/stream.ts'
import { traced } from '../trace.ts'
import {
  readConnectOptions,
  requireSameUser,
  readVerifyServer,
  type ConnectOptions,
} from '../connecting/verify-server.ts'
import { checkedUnixAddr, UnixSocketAddr } from './address.ts'
import { connectUntil } from '../connecting/connect-until.ts'
import { receiveDescriptors, sendDescriptors, type ReceivedDescriptors } from './descriptors.ts'
import { flush } from './flush.ts'
import { gather, read, readByWaiting, readOn, write, writeOn } from './io.ts'
import { addrOf, withUnixAddress } from './long-path.ts'
import { closeSocket } from './socket-file.ts'
import { checkedSocket } from './raw-handle.ts'
import { isOrdinary, setKernelTimeout, withSocket } from './waiting.ts'

/**
 * A connected AF_UNIX stream with calls that wait: Rust's `std::os::unix::net::UnixStream`. On Linux, macOS and Windows
 * (10 1803 and later).
 *
 * @example
 * ```ts
 * const stream = UnixStream.connect('/run/user/1000/echo.sock')
 * stream.writeAll(Buffer.from('Hello World'))
 * const bytes = stream.read(buffer)
 * stream.close()
 * ```
 */
export class UnixStream extends BlockingStream {
  declare readonly kind: 'UnixStream'

  /** The path of the server, where it is too long for the address that the system has. */
  readonly #longPath: string | undefined

  /** Of no use outside this package: use `connect`, `pair`, `fromRawHandle`, `fromTransfer`. */
  constructor(state: SharedState, longPath?: string) {
    super(state, 'UnixStream', closeSocket)
    this.#longPath = longPath
  }

  static #of(fd: number): UnixStream {
    return new UnixStream(SharedState.create(fd, system))
  }

  /**
   * Connects to a socket file. It fails at once when nobody listens.
   *
   * @param path - Taken as it is: a bare word is a file in the working directory.
   * @param options - `timeoutMs` bounds the wait for a server whose backlog is full.
   * @throws SocketError `ENOENT` without a file, `ECONNREFUSED` when nobody listens (a stale file), `EACCES`, `ETIMEDOUT`.
   */
  static connect(path: string | Uint8Array, options?: ConnectOptions & WaitOptions): UnixStream {
    return UnixStream.connectAddr(UnixSocketAddr.fromPathname(path), options)
  }

  /** As {@link connect}, with an address: the way to an abstract name. */
  static connectAddr(address: UnixSocketAddr, options?: ConnectOptions & WaitOptions): UnixStream {
    const to = checkedUnixAddr(address, 'connectAddr')
    const { timeoutMs = -1, verify } = readConnectOptions(options)
    return UnixStream.#connect(to, timeoutMs, verify)
  }

  /**
   * Connects, and tries again every 200 ms while there is no server, until the time is up.
   *
   * @param ms - Milliseconds; with 0 it makes exactly one attempt.
   * @throws SocketError `ECONNREFUSED` when the time is up, with the last error as its `cause`.
   */
  static connectWithTimeout(path: string | Uint8Array, ms: number, options?: ConnectOptions): UnixStream {
    return UnixStream.connectAddrWithTimeout(UnixSocketAddr.fromPathname(path), ms, options)
  }

  static connectAddrWithTimeout(address: UnixSocketAddr, ms: number, options?: ConnectOptions): UnixStream {
    const to = checkedUnixAddr(address, 'connectAddrWithTimeout')
    const timeout = parseTimeout(ms, 'connectWithTimeout', 'the time')
    const verify = readVerifyServer(options)
    return connectUntil(to.toString(), timeout, (left) => UnixStream.#connect(to, left, verify))
  }

  static #connect(to: UnixSocketAddr, timeoutMs: number, verify: boolean): UnixStream {
    const socket = traced('socket', 'unix', () => sockets.open('unix', 'stream'))
    try {
      withUnixAddress(to, 'connect', (at) =>
        traced('connect', to.toString(), () =>
          sockets.connect(socket, at, { timeoutMs: timeoutMs < 0 ? null : timeoutMs }),
        ),
      )
    } catch (error) {
      socket.close()
      throw error
    }
    const longPath = to.isLong ? to.asPathname() : undefined
    const stream = new UnixStream(SharedState.create(socket.release(), system), longPath)
    if (verify) requireSameUser(stream, to.toString())
    return stream
  }

  /** Two streams that are connected to each other. */
  static pair(): [UnixStream, UnixStream] {
    const [a, b] = traced('socketpair', 'unix', () => sockets.pair('stream'))
    return [UnixStream.#of(a.release()), UnixStream.#of(b.release())]
  }

  /**
   * Takes charge of a connected socket that something else opened. It is closed with the stream.
   *
   * @throws SocketError `EBADF`, `ENOTSOCK`; TypeError `ERR_INVALID_ARG_VALUE` for a socket of another kind. The handle is
   *   the caller's then.
   */
  static fromRawHandle(handle: number): UnixStream {
    return UnixStream.#of(checkedSocket(handle, 'stream', false))
  }

  /** Makes a stream of a token in the thread that received it; see {@link UnixStream.transfer}. */
  static fromTransfer(token: TransferToken): UnixStream {
    const { memory, details } = claimToken(token, 'UnixStream')
    return new UnixStream(new SharedState(memory, system), details['longPath'] as string | undefined)
  }

  override tryClone(): UnixStream {
    return new UnixStream(this.retained('tryClone'), this.#longPath)
  }

  /** As {@link BlockingStream.intoRawHandle}; the timeouts that were set here do not stay on the socket. */
  override intoRawHandle(): number {
    const state = this.opened('intoRawHandle')
    setKernelTimeout(state, READ, -1)
    setKernelTimeout(state, WRITE, -1)
    return super.intoRawHandle()
  }

  override localAddr(): UnixSocketAddr {
    const state = this.opened('localAddr')
    return addrOf(withSocket(state, 'stream', 'getsockname', sockets.localAddress))
  }

  override peerAddr(): UnixSocketAddr {
    const state = this.opened('peerAddr')
    return addrOf(withSocket(state, 'stream', 'getpeername', sockets.peerAddress), this.#longPath)
  }

  override peerCredentials(): PeerCredentials {
    return withSocket(this.opened('peerCredentials'), 'stream', 'getsockopt', sockets.peerCredentials)
  }

  override available(): number {
    return withSocket(this.opened('available'), 'stream', 'ioctl', sockets.available)
  }

  override takeError(): SocketError | null {
    const state = this.opened('takeError')
    const error = withSocket(state, 'stream', 'getsockopt', (socket) => sockets.getOption(socket, 'SO_ERROR'))
    const reset = (state.clear(RESET) & RESET) !== 0
    if (!reset || error !== null) return error
    return new SocketError({
      code: 'ECONNRESET',
      syscall: 'takeError',
      detail: 'the peer closed the connection without reading all that was written',
    })
  }

  /**
   * Writes bytes with descriptors: the peer receives copies of its own of the files, sockets or pipes they stand for.
   *
   * ## Platform behaviour
   * Windows cannot pass descriptors over AF_UNIX: `ENOTSUP`.
   *
   * @param data - At least one byte, for the descriptors to travel with.
   * @param descriptors - At most 253 on Linux. They stay open here.
   * @returns How many bytes were written; the descriptors went with the first.
   * @see unix(7) SCM_RIGHTS
   */
  sendDescriptors(
    data: Uint8Array,
    descriptors: readonly (number | Descriptor)[],
    options?: WaitOptions,
  ): number {
    const state = this.opened('sendDescriptors')
    return sendDescriptors(state, data, descriptors, callTimeout(options, 'sendDescriptors'))
  }

  /**
   * Reads bytes with the descriptors that came with them. An ordinary read drops descriptors.
   *
   * @param most - The largest number of descriptors to take, 0 to 253. Further ones are closed, and
   *   `descriptorsTruncated` is true.
   */
  receiveDescriptors(buffer: Uint8Array, most = 253, options?: WaitOptions): ReceivedDescriptors {
    const state = this.opened('receiveDescriptors')
    return receiveDescriptors(state, buffer, most, callTimeout(options, 'receiveDescriptors'))
  }

  /** As {@link BlockingStream.read}; the ordinary case is short, because a round trip consists of little else. */
  override read(buffer: Uint8Array, options?: WaitOptions): number {
    if (options === undefined && buffer instanceof Uint8Array && buffer.length > 0) {
      const state = this.opened('read')
      if (isOrdinary(state, READ)) {
        const result = system.receive(state.cells[HANDLE]!, buffer)
        return result >= 0 ? result : readOn(state, buffer, result)
      }
    }
    return super.read(buffer, options)
  }

  /** As {@link BlockingStream.write}. */
  override write(data: Uint8Array, options?: WaitOptions): number {
    if (options === undefined && data instanceof Uint8Array && data.length > 0) {
      const state = this.opened('write')
      if (isOrdinary(state, WRITE)) {
        const result = system.send(state.cells[HANDLE]!, data)
        return result === data.length ? result : writeOn(state, data, result)
      }
    }
    return super.write(data, options)
  }

  protected override readSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number {
    return read(state, buffer, timeoutMs)
  }

  protected override peekSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number {
    return readByWaiting(state, buffer, timeoutMs, true)
  }

  protected override writeWhole(state: SharedState, data: Uint8Array, timeoutMs: number | undefined): number {
    return write(state, data, timeoutMs)
  }

  protected override gather(
    state: SharedState,
    parts: readonly Uint8Array[],
    timeoutMs: number | undefined,
  ): number {
    return gather(state, parts, timeoutMs)
  }

  protected override flushWhole(state: SharedState, timeoutMs: number | undefined): void {
    flush(state, timeoutMs)
  }

  protected override end(state: SharedState, how: ShutdownHow): void {
    if (how !== 'write') state.add(ENDED_READ)
    if (how !== 'read') state.add(ENDED_WRITE)
    // It wakes the calls that wait in the kernel, in every thread.
    try {
      withSocket(state, 'stream', 'shutdown', (socket) => sockets.shutdown(socket, how))
    } finally {
      state.changed(READ)
      state.changed(WRITE)
    }
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return { longPath: this.#longPath }
  }
}
