/** HandleChannel: messages with descriptors, to and from another process. */
import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import {
  checkOptions,
  optionNames,
  outOfRange,
  sockets,
  SocketError,
  type PeerCredentials,
  type Readiness,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { integer, INT_MAX } from '@uds/winsock-ffi/internal'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { takeDescriptor, type Sendable } from '../descriptors/sendable.ts'
import { adoptSocket, type SocketSource } from '../inherited/claim-socket.ts'
import { connectNow } from '../listener/raw-listener.ts'
import { encodeFrame, MAX_HANDLES, type Frame } from './frame.ts'
import { FrameReceiver } from './frame-receiver.ts'
import { ByteSender } from './byte-sender.ts'
import { ReceivedHandle } from './received-handle.ts'
import { requireDescriptors } from './require-descriptors.ts'
import { StreamEnd } from './stream-end.ts'

/** A message with its handles, which are the receiver's to close. */
export interface Received {
  readonly message: Buffer
  /** The first handle; undefined for a message without one. */
  readonly handle: ReceivedHandle | undefined
  readonly handles: readonly ReceivedHandle[]
}

export interface HandleChannelOptions {
  /**
   * The longest message that is received, in bytes; a longer one ends the channel with `EMSGSIZE`.
   *
   * @default 1_048_576
   */
  readonly maxMessageBytes?: number | undefined
  /**
   * The number of received messages that wait before the peer has to wait. The peer waits also while 253 handles do.
   *
   * @default 16
   */
  readonly maxQueued?: number | undefined
  /**
   * The number of messages that wait to be sent while the peer does not read; a further one rejects with `ENOBUFS`.
   *
   * @default 1024
   */
  readonly maxUnsent?: number | undefined
  /**
   * The bytes that wait to be sent while the peer does not read; a further message rejects with `ENOBUFS`. A single
   * message may be longer.
   *
   * @default 67_108_864
   */
  readonly maxUnsentBytes?: number | undefined
}

export interface SendHandleOptions {
  /** Aborts the wait for the peer to read. The message is then not sent. */
  readonly signal?: AbortSignal | undefined
  /**
   * Keeps a sent `net.Socket` open in this process, too, where it is not read any more.
   *
   * @default false
   */
  readonly keepOpen?: boolean | undefined
}

export interface ReceiveHandleOptions {
  readonly signal?: AbortSignal | undefined
}

export interface HandleChannelEvents {
  /**
   * The channel is closed: by `close`, or by an error, once all messages that had arrived are received. The error is that
   * which ended it.
   */
  close: [error: Error | undefined]
}

const MIB = 2 ** 20

export const channelOptions: readonly string[] = optionNames<HandleChannelOptions>({
  maxMessageBytes: true,
  maxQueued: true,
  maxUnsent: true,
  maxUnsentBytes: true,
})

/**
 * The options as numbers.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
const readSettings = (
  where: string,
  options: HandleChannelOptions,
): Required<Record<keyof HandleChannelOptions, number>> => {
  checkOptions(options, where, channelOptions)
  const count = (name: keyof HandleChannelOptions, otherwise: number): number =>
    integer(where, name, options[name] ?? otherwise, 1, INT_MAX)
  return {
    maxMessageBytes: count('maxMessageBytes', MIB),
    maxQueued: count('maxQueued', 16),
    maxUnsent: count('maxUnsent', 1024),
    maxUnsentBytes: count('maxUnsentBytes', 64 * MIB),
  }
}

/**
 * Sends open files, sockets and pipes to another process, each with a message; the two processes need not be related. The
 * receiver has copies, whatever it may open itself, so that a process with rights can serve one without.
 *
 * @example
 * ```ts
 * const channel = HandleChannel.connect('/run/app/handles.sock')
 * const report = await open('report.txt')
 * await channel.sendHandle(report, 'report')
 * await report.close()
 *
 * const { handle, message } = await channel.receiveHandle()
 * const socket = handle.toSocket()
 * ```
 *
 * Between threads of one process it works as between processes: `postMessage` transfers no socket. One thread listens by
 * `listenHandles`, the other connects.
 *
 * It reads its socket itself: the reader of a `net.Socket` drops descriptors. Messages have frames (the file frame.ts
 * describes them), so that each handle arrives with its own message.
 *
 * ## Platform behaviour
 * Linux and macOS. AF_UNIX on Windows has no SCM_RIGHTS: all calls throw `ENOTSUP` there.
 *
 * @see unix(7) SCM_RIGHTS
 */
export class HandleChannel extends EventEmitter<HandleChannelEvents> implements AsyncIterable<Received> {
  readonly #end: StreamEnd
  readonly #receiver: FrameReceiver
  readonly #sender: ByteSender
  #closed = false

  private constructor(handle: SocketHandle, options: HandleChannelOptions, where: string) {
    super()
    const settings = readSettings(where, options)
    const settle = (): void => this.#settle()
    this.#receiver = new FrameReceiver(handle, settings.maxMessageBytes, settings.maxQueued, settle)
    this.#sender = new ByteSender(handle, settings, settle, () => this.#endSending())
    this.#end = new StreamEnd(
      handle,
      'the channel',
      (ready) => this.#onReady(ready),
      (error) => this.#fail(error),
    )
    this.#settle()
  }

  /** A channel over a handle of this module, which is closed where no channel can be made. */
  static #over(handle: SocketHandle, options: HandleChannelOptions, where: string): HandleChannel {
    try {
      return new HandleChannel(handle, options, where)
    } catch (error) {
      handle.close()
      throw error
    }
  }

  /**
   * Connects to a channel listener.
   *
   * @throws SocketError `ENOENT`, `ECONNREFUSED`, `EACCES`, `EAGAIN` (full backlog), `ENOTSUP` on Windows; TypeError.
   */
  static connect(address: UnixAddressLike, options: HandleChannelOptions = {}): HandleChannel {
    const where = 'HandleChannel.connect'
    requireDescriptors(where)
    const to = toUnixAddress(address, where)
    readSettings(where, options)
    return HandleChannel.#over(connectNow(to, 'stream'), options, where)
  }

  /** Two channels that are connected to each other. @throws SocketError `ENOTSUP` on Windows. */
  static pair(options: HandleChannelOptions = {}): [HandleChannel, HandleChannel] {
    const where = 'HandleChannel.pair'
    requireDescriptors(where)
    readSettings(where, options)
    const [a, b] = sockets.pair('stream')
    const made: HandleChannel[] = []
    try {
      for (const each of [a, b]) made.push(HandleChannel.#over(each, options, where))
    } catch (error) {
      for (const each of [...made, a, b]) each.close()
      throw error
    }
    return made as [HandleChannel, HandleChannel]
  }

  /**
   * A channel over a connected AF_UNIX stream, which it takes over: of a parent process, of a listener of the caller. When
   * this throws, the socket stays with the caller.
   *
   * @param socket - A SocketHandle, the number of a descriptor, or an entry of `listenFds()`.
   * @throws TypeError, RangeError; SocketError `EBADF`, `ENOTSOCK` for a file, `EAFNOSUPPORT`, `EPROTOTYPE`, `EINVAL` for a
   *   listening socket, `ENOTCONN`, `EBUSY` for the descriptor of a net.Socket; `ENOTSUP` on Windows.
   */
  static from(socket: SocketSource, options: HandleChannelOptions = {}): HandleChannel {
    const where = 'HandleChannel.from'
    requireDescriptors(where)
    readSettings(where, options)
    const wanted = { type: 'stream', state: 'connected' } as const
    return adoptSocket(where, socket, wanted, (handle) => new HandleChannel(handle, options, where))
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** The process at the other end and its user. */
  get peerCredentials(): PeerCredentials {
    return this.#end.peerCredentials
  }

  /** Lets the process end although the channel is open. */
  unref(): this {
    this.#end.watcher.unref()
    return this
  }

  /** Keeps the process alive (the default). */
  ref(): this {
    this.#end.watcher.ref()
    return this
  }

  /**
   * Sends a handle with a message. The handle stays open in this process, and the caller's to close; but a `net.Socket` is
   * closed, as the other process has the connection now.
   *
   * @param handle - One handle, or up to 253 for the same message.
   * @returns Resolves when the system has the message. The copies are made by then; the handle may be closed.
   * @throws TypeError for a value without a descriptor; SocketError `EBADF` for one that is closed, `EPIPE` or `ECONNRESET`
   *   when the peer has gone, `ETOOMANYREFS` when too many are on their way, `ENOBUFS` when too much waits because the peer
   *   does not read; Error `ERR_INVALID_STATE` for a `net.Socket` of which this process has read bytes already.
   */
  async sendHandle(
    handle: Sendable | readonly Sendable[],
    message: string | Uint8Array = '',
    options: SendHandleOptions = {},
  ): Promise<void> {
    const handles = Array.isArray(handle) ? (handle as readonly Sendable[]) : [handle as Sendable]
    if (handles.length > MAX_HANDLES)
      throw outOfRange('sendHandle', 'the number of handles', `${MAX_HANDLES} at most`, handles.length)
    this.#requireOpen('sendHandle')
    const frame = encodeFrame(message, handles.length)
    await this.#sender.send(
      frame,
      handles.map((each) => takeDescriptor(each)),
      options.signal,
      false,
    )
    if (options.keepOpen) return
    for (const each of handles) if (each instanceof Socket) each.destroy()
  }

  /** Sends a message without a handle. @throws As {@link HandleChannel.sendHandle}. */
  async sendMessage(message: string | Uint8Array, options: ReceiveHandleOptions = {}): Promise<void> {
    this.#requireOpen('sendMessage')
    await this.#sender.send(encodeFrame(message, 0), [], options.signal, false)
  }

  /**
   * Receives the next message with its handles. All that had arrived when the peer left is received first.
   *
   * @throws SocketError `ECONNRESET` when the peer has closed the channel and nothing is left to receive; `EPROTO`,
   *   `EMSGSIZE`, `EMFILE` for an error that ended the channel; the signal's reason, and nothing is lost.
   */
  async receiveHandle(options: ReceiveHandleOptions = {}): Promise<Received> {
    const frame = await this.#receiver.next(options.signal)
    if (frame) return toReceived(frame)
    throw new SocketError({ code: 'ECONNRESET', syscall: 'receiveHandle', detail: 'the channel has ended' })
  }

  /** The messages with their handles, up to the end of the channel. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Received, void, undefined> {
    for (let frame; (frame = await this.#receiver.next(undefined));) yield toReceived(frame)
  }

  /** Closes the channel, and every handle that was not received yet. Closing twice is no error. */
  close(): void {
    this.#stop(undefined)
    this.#receiver.discard(this.#end.closedError('receiveHandle'))
    this.#settle()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Watches for what is wanted now, and closes when an error has ended the channel and nothing is left to receive. */
  #settle(): void {
    if (this.#closed) return
    const { end } = this.#receiver
    if (this.#end.closed) {
      if (!this.#receiver.isEmpty) return
      this.#closed = true
      queueMicrotask(() => this.emit('close', this.#end.error))
      return
    }
    if (end?.error) return this.#fail(end.error)
    this.#end.watcher.set({ readable: this.#receiver.wants, writable: this.#sender.waits })
  }

  #onReady(ready: Readiness): void {
    if (ready.writable) this.#sender.flush()
    if (ready.readable && this.#receiver.wants) this.#receiver.read()
    this.#settle()
  }

  /** A part of a frame was sent, and no more can be: the peer hears the end, and what it sends is still received. */
  #endSending(): void {
    this.#end.endHalf()
    this.#settle()
  }

  #fail(error: Error): void {
    this.#stop(error)
    this.#receiver.finish(error)
    this.#settle()
  }

  /** Closes the socket; frames that arrived stay to be received. */
  #stop(error: Error | undefined): void {
    if (!this.#end.close(error)) return
    this.#sender.close(error ?? this.#end.closedError('sendHandle'))
  }

  #requireOpen(syscall: string): void {
    if (this.#end.closed) throw this.#end.closedError(syscall)
  }
}

const toReceived = (frame: Frame): Received => {
  const handles = frame.descriptors.map((each) => new ReceivedHandle(each))
  return { message: frame.message, handle: handles[0], handles }
}
