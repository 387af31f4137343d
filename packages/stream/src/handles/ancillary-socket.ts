/** AncillarySocket: a stream of bytes in which descriptors keep their place, for programs with protocols of their own. */
import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import {
  invalidArgument,
  invalidValue,
  outOfRange,
  sockets,
  SocketError,
  type PeerCredentials,
  type Readiness,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { duplicate } from '../descriptors/duplicate.ts'
import { takeDescriptor, type Sendable } from '../descriptors/sendable.ts'
import { refuseDescriptors } from '../descriptors/refuse.ts'
import { adoptSocket, markOwn, type SocketSource } from '../inherited/claim-socket.ts'
import { connectNow } from '../listener/raw-listener.ts'
import type { AncillaryChunk } from './ancillary-chunk.ts'
import { ancillarySettings, type AncillaryOptions } from './ancillary-options.ts'
import { ByteSender } from './byte-sender.ts'
import { ChunkReceiver } from './chunk-receiver.ts'
import { MAX_HANDLES } from './frame.ts'
import { requireDescriptors } from './require-descriptors.ts'
import { StreamEnd } from './stream-end.ts'

export interface SendAncillaryOptions {
  /** Descriptors that travel with the first byte, 253 at most. They stay open in this process. */
  readonly descriptors?: readonly Sendable[] | undefined
  /** Aborts the wait for the peer to read. The bytes are then not sent. */
  readonly signal?: AbortSignal | undefined
}

export interface AncillarySocketEvents {
  /**
   * The socket is closed: by `close`, when both halves have ended, or by an error, once all that had arrived is received. The
   * error is that which ended it.
   */
  close: [error: Error | undefined]
}

const NONE: readonly never[] = []

/**
 * A connected AF_UNIX stream that carries descriptors (SCM_RIGHTS) among its bytes, in Node's loop: for programs that speak a
 * protocol of their own, such as D-Bus, Wayland, QEMU or HAProxy. Two programs with `@uds/stream` use `HandleChannel`, which
 * has messages.
 *
 * @example
 * ```ts
 * const socket = connectAncillary('/run/user/1000/bus')
 * await socket.send('AUTH EXTERNAL\r\n', { descriptors: [file] })
 * for await (const { data, descriptors } of socket) {
 *   console.log(data, descriptors.length)
 *   for (const each of descriptors) each.close()
 * }
 * ```
 *
 * ## Where descriptors are (Linux 6.18, measured)
 * - They travel with the first byte of their send. A receiver finds them in the chunk that has this byte, whose bytes before
 *   it may be those of earlier sends; bytes behind the last byte of that send are never in the same chunk.
 * - A receiver that reads a part of a message takes all of its descriptors with the first part.
 * - Each protocol says which byte its descriptors are for: keep them in the order of arrival, and take the next ones where
 *   the protocol announces some. Some senders attach them to a later byte of their message than the first.
 *
 * ## Platform behaviour
 * Linux and macOS. AF_UNIX on Windows has no SCM_RIGHTS: all calls throw `ENOTSUP` there. `credentials` is for Linux.
 *
 * @see unix(7) SCM_RIGHTS, SCM_CREDENTIALS
 */
export class AncillarySocket
  extends EventEmitter<AncillarySocketEvents>
  implements AsyncIterable<AncillaryChunk>
{
  readonly #end: StreamEnd
  readonly #receiver: ChunkReceiver
  readonly #sender: ByteSender
  #closed = false
  /** `end` was called; resolves when this half has ended. */
  #ending: PromiseWithResolvers<void> | undefined
  #ended = false

  /** @internal */
  private constructor(handle: SocketHandle, options: AncillaryOptions, where: string) {
    super()
    const settings = ancillarySettings(where, options)
    if (settings.maxDescriptors === 0) refuseDescriptors(handle)
    if (settings.credentials) sockets.setOption(handle, 'SO_PASSCRED', true)
    const settle = (): void => this.#settle()
    this.#receiver = new ChunkReceiver(handle, settings, settle)
    this.#sender = new ByteSender(handle, settings, settle, settle)
    this.#end = new StreamEnd(
      handle,
      'the socket',
      (ready) => this.#onReady(ready),
      (error) => this.#fail(error),
    )
  }

  /**
   * Takes over a connected AF_UNIX stream socket: of systemd, of a parent process, of another library. When this throws, the
   * socket stays with the caller.
   *
   * @example
   * ```ts
   * // With all options of listen.
   * const listener = await listen('unix:/run/app.sock', { mode: 0o660 })
   * listener.on('connection', (connection) => serve(AncillarySocket.from(connection)))
   * ```
   *
   * @param socket - A SocketHandle, the number of a descriptor, an entry of `listenFds()`, or a `net.Socket` that nothing was
   *   read from and that has nothing to write, which is destroyed: right in the event `connection` of `listen`, or right after
   *   `await connect(...)`.
   * @throws TypeError, RangeError; SocketError `EBADF`, `ENOTSOCK` for a file, `EAFNOSUPPORT`, `EPROTOTYPE`, `EINVAL` for a
   *   listening socket, `ENOTCONN`, `EBUSY` for the descriptor of a net.Socket; Error `ERR_INVALID_STATE` for a net.Socket that
   *   was read from; `ENOTSUP` on Windows.
   */
  static from(socket: SocketSource | Socket, options: AncillaryOptions = {}): AncillarySocket {
    const where = 'AncillarySocket.from'
    requireDescriptors(where)
    ancillarySettings(where, options)
    if (socket instanceof Socket) return fromNetSocket(socket, options, where)
    const wanted = { type: 'stream', state: 'connected' } as const
    return adoptSocket(where, socket, wanted, (handle) => new AncillarySocket(handle, options, where))
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** The process at the other end and its user, at the time of `connect` or `listen`. */
  get peerCredentials(): PeerCredentials {
    return this.#end.peerCredentials
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.#end.watcher.unref()
    return this
  }

  /** Keeps the process alive while bytes are received or wait to be sent (the default). */
  ref(): this {
    this.#end.watcher.ref()
    return this
  }

  /**
   * Sends bytes, and descriptors with the first of them. Sends keep their order.
   *
   * @returns Resolves when the system has them. The copies are made by then; the descriptors may be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for other data and a value without a descriptor, `ERR_INVALID_ARG_VALUE`
   *   for no byte with descriptors; RangeError `ERR_OUT_OF_RANGE` for more than 253 descriptors; SocketError `EPIPE` or
   *   `ECONNRESET` when the peer has gone, or after `end`, `EBADF` when it is closed,
   *   `ETOOMANYREFS`, `EPERM` when the receiver takes no descriptors, `ENOBUFS` when too much waits.
   */
  async send(data: string | Uint8Array, options: SendAncillaryOptions = {}): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!(bytes instanceof Uint8Array)) throw invalidArgument('send', 'the data', 'a string or bytes', data)
    const { descriptors = NONE, signal } = options
    if (descriptors.length > MAX_HANDLES)
      throw outOfRange('send', 'the number of descriptors', `${MAX_HANDLES} at most`, descriptors.length)
    if (descriptors.length > 0 && bytes.length === 0)
      throw invalidValue('send', 'the data', 'must have a byte for the descriptors to travel with', data)
    if (this.#end.closed) throw this.#end.closedError('send')
    if (this.#ending) throw new SocketError({ code: 'EPIPE', syscall: 'send', detail: 'this half has ended' })
    if (bytes.length === 0) return
    const fds = descriptors.length === 0 ? NONE : descriptors.map((each) => takeDescriptor(each, 'send'))
    const rest = this.#sender.send(bytes, fds, signal, typeof data !== 'string')
    if (rest) await rest
  }

  /**
   * Ends this half when all that waits is sent; the peer may go on sending. Ending twice is no error.
   *
   * @returns Resolves when this half has ended.
   */
  end(): Promise<void> {
    if (this.#ended || this.#end.closed) return Promise.resolve()
    this.#ending ??= Promise.withResolvers<void>()
    const { promise } = this.#ending
    this.#settle()
    return promise
  }

  /** The bytes with their descriptors, up to the end of the peer's half. All that had arrived comes before an error. */
  [Symbol.asyncIterator](): AsyncIterableIterator<AncillaryChunk> {
    return this.#receiver.iterate()
  }

  /** Closes the socket, and all descriptors that were not received. Closing twice is no error. */
  close(): void {
    this.#stop(undefined)
    this.#receiver.discard(undefined)
    this.#settle()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #settle(): void {
    if (this.#closed) return
    if (this.#end.closed) return this.#closeWhenReceived()
    const { end } = this.#receiver
    if (end?.error) return this.#fail(end.error)
    if (this.#ending && !this.#ended && !this.#sender.waits) this.#endHalf(this.#ending)
    if (end && this.#ended) return this.#fail(undefined)
    // What was watched goes on being watched until it is ready in vain: most often more is wanted before that.
    const { readable, writable } = this.#end.watcher
    this.#end.watcher.set({
      readable: this.#receiver.wants || (readable && this.#receiver.isIterated),
      writable: this.#sender.waits || writable,
    })
  }

  #closeWhenReceived(): void {
    if (!this.#receiver.isEmpty) return
    this.#closed = true
    queueMicrotask(() => this.emit('close', this.#end.error))
  }

  #endHalf(ending: PromiseWithResolvers<void>): void {
    this.#ended = true
    this.#end.endHalf()
    ending.resolve()
  }

  #onReady(ready: Readiness): void {
    const { wants } = this.#receiver
    const { waits } = this.#sender
    if ((ready.readable && !wants) || (ready.writable && !waits)) {
      this.#end.watcher.set({ readable: wants, writable: waits })
    }
    if (ready.writable) this.#sender.flush()
    if (ready.readable) this.#receiver.read()
    this.#settle()
  }

  #fail(error: Error | undefined): void {
    this.#stop(error)
    this.#receiver.finish(error)
    this.#settle()
  }

  /** Closes the handle; chunks that arrived stay to be received. */
  #stop(error: Error | undefined): void {
    if (!this.#end.close(error)) return
    this.#sender.close(error ?? this.#end.closedError('send'))
    this.#ending?.resolve()
  }
}

/** The copy is the same connection, so that what closes the net.Socket does not end it. */
const fromNetSocket = (socket: Socket, options: AncillaryOptions, where: string): AncillarySocket => {
  const copy = duplicate(takeDescriptor(socket, where))
  try {
    const made = AncillarySocket.from(copy.fd, options)
    copy.release()
    socket.destroy()
    return made
  } catch (error) {
    copy.close()
    socket.read(0)
    throw error
  }
}

/**
 * Connects to a server that passes descriptors.
 *
 * @throws SocketError `ENOENT`, `ECONNREFUSED`, `EACCES`, `EAGAIN` (full backlog), `ENOTSUP` on Windows; TypeError, RangeError.
 */
export const connectAncillary = (
  address: UnixAddressLike,
  options: AncillaryOptions = {},
): AncillarySocket => {
  const where = 'connectAncillary'
  requireDescriptors(where)
  const to = toUnixAddress(address, where)
  ancillarySettings(where, options)
  const handle = connectNow(to, 'stream')
  try {
    return AncillarySocket.from(markOwn(handle), options)
  } catch (error) {
    handle.close()
    throw error
  }
}
