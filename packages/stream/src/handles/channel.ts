import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import {
  invalidArgument,
  outOfRange,
  sockets,
  SocketError,
  type PeerCredentials,
  type Readiness,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { SocketWatcher } from '../datagram/socket-watcher.ts'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { positiveCount } from '../options/numbers.ts'
import { connectNow } from '../listener/raw-listener.ts'
import { MAX_HANDLES, type Frame } from './frame.ts'
import { FrameReceiver } from './frame-receiver.ts'
import { FrameSender } from './frame-sender.ts'
import { ReceivedHandle } from './received-handle.ts'
import { requireDescriptors } from './require-descriptors.ts'
import { descriptorOf, type Sendable } from './sendable.ts'

/** A message with the handles that came with it, which are the receiver's to close. */
export interface Received {
  readonly message: Buffer
  /** The first handle; undefined for a message without one. */
  readonly handle: ReceivedHandle | undefined
  readonly handles: readonly ReceivedHandle[]
}

export interface HandleChannelOptions {
  /** The longest message that is received, in bytes; a longer one ends the channel. 1 MiB unless given. */
  readonly maxMessageBytes?: number | undefined
  /** How many messages may wait to be received before the peer has to; 16 unless given. */
  readonly maxQueued?: number | undefined
}

export interface SendHandleOptions {
  /** Gives up waiting for the peer to read. The message is then not sent. */
  readonly signal?: AbortSignal | undefined
  /** Keep a `net.Socket` open here as well, though it is read no more. It is closed once it is sent, unless given. */
  readonly keepOpen?: boolean | undefined
}

export interface ReceiveHandleOptions {
  readonly signal?: AbortSignal | undefined
}

export interface HandleChannelEvents {
  /** The channel is closed, by either side; with the error that ended it, if one did. */
  close: [error: Error | undefined]
}

const MIB = 2 ** 20

/**
 * Sends open files, sockets and pipes to another process, with a message each: the two need not be related. The
 * receiver gets copies that work whatever it may open by itself, so a process with rights can serve one without.
 *
 * @example
 * ```ts
 * const channel = HandleChannel.connect('/run/app/handles.sock')
 * await channel.sendHandle(await open('report.txt'), 'report')
 *
 * const { handle, message } = await channel.receiveHandle()
 * const socket = handle.toSocket()
 * ```
 *
 * It reads its socket itself, since the reader in a `net.Socket` drops descriptors. Messages are framed (the file
 * frame.ts describes how), so that each handle arrives with its own.
 *
 * ## Platform behaviour
 * Linux and macOS. Windows has nothing like it over AF_UNIX: everything here is `ENOTSUP` there.
 *
 * @see unix(7) SCM_RIGHTS
 */
export class HandleChannel extends EventEmitter<HandleChannelEvents> implements AsyncIterable<Received> {
  readonly #handle: SocketHandle
  readonly #interest: SocketWatcher
  readonly #incoming: FrameReceiver
  readonly #outgoing: FrameSender
  #closed = false
  #error: Error | undefined

  private constructor(handle: SocketHandle, options: HandleChannelOptions) {
    super()
    this.#handle = handle
    const settle = (): void => this.#settle()
    try {
      this.#incoming = new FrameReceiver(
        handle,
        positiveCount('HandleChannel', 'maxMessageBytes', options.maxMessageBytes, MIB),
        positiveCount('HandleChannel', 'maxQueued', options.maxQueued, 16),
        settle,
      )
      handle.setNonblocking(true)
    } catch (error) {
      handle.close()
      throw error
    }
    this.#outgoing = new FrameSender(handle, settle, (error) => this.#close(error))
    this.#interest = new SocketWatcher(handle, (error, ready) => this.#onReady(error, ready))
    this.#settle()
  }

  /**
   * Connects to a channel listener.
   *
   * @throws SocketError `ENOENT`, `ECONNREFUSED`, `EACCES`, `EAGAIN` (full backlog), `ENOTSUP` on Windows; TypeError.
   */
  static connect(address: UnixAddressLike, options: HandleChannelOptions = {}): HandleChannel {
    requireDescriptors('HandleChannel.connect')
    const to = toUnixAddress(address, 'HandleChannel.connect')
    return new HandleChannel(connectNow(to, 'stream'), options)
  }

  /** Two channels that are connected to each other. @throws SocketError `ENOTSUP` on Windows. */
  static pair(options: HandleChannelOptions = {}): [HandleChannel, HandleChannel] {
    requireDescriptors('HandleChannel.pair')
    const [a, b] = sockets.pair('stream')
    return [new HandleChannel(a, options), new HandleChannel(b, options)]
  }

  /**
   * A channel over a connected AF_UNIX stream, which it takes over: of a parent process, of a listener of your own.
   *
   * @param socket - A SocketHandle, or the number of a descriptor.
   */
  static from(socket: SocketHandle | number, options: HandleChannelOptions = {}): HandleChannel {
    requireDescriptors('HandleChannel.from')
    const handle = typeof socket === 'number' ? sockets.fromFd(socket, 'unix') : socket
    if (handle.family !== 'unix' || handle.type !== 'stream')
      throw invalidArgument('HandleChannel.from', 'the socket', 'an AF_UNIX stream', handle)
    return new HandleChannel(handle, options)
  }

  /** True once it is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** The process at the other end and its user. */
  get peerCredentials(): PeerCredentials {
    return sockets.peerCredentials(this.#handle)
  }

  /** Lets the process end although the channel is open. */
  unref(): this {
    this.#interest.unref()
    return this
  }

  /** Keeps the process alive (the default). */
  ref(): this {
    this.#interest.ref()
    return this
  }

  /**
   * Sends a handle with a message. The handle stays open here, and stays yours to close, but for a `net.Socket`: that
   * one is closed, as the other process has the connection now.
   *
   * @param handle - One, or up to 253 for the same message.
   * @returns When the system has it. The copies are made by then, so that the handle may be closed.
   * @throws TypeError for what has no descriptor; SocketError `EBADF` for one that is closed, `EPIPE` or `ECONNRESET`
   *   when the peer has gone, `ETOOMANYREFS` when too many are on their way; Error `ERR_INVALID_STATE` for a
   *   `net.Socket` of which bytes were read here already.
   */
  async sendHandle(
    handle: Sendable | readonly Sendable[],
    message: string | Uint8Array = '',
    options: SendHandleOptions = {},
  ): Promise<void> {
    const handles = Array.isArray(handle) ? (handle as readonly Sendable[]) : [handle as Sendable]
    if (handles.length > MAX_HANDLES)
      throw outOfRange('sendHandle', 'the number of handles', `${MAX_HANDLES} at most`, handles.length)
    if (this.#closed) throw this.#whyClosed('sendHandle')
    await this.#outgoing.send(message, handles.map(descriptorOf), options.signal)
    if (options.keepOpen) return
    for (const each of handles) if (each instanceof Socket) each.destroy()
  }

  /** Sends a message without a handle. @throws As {@link HandleChannel.sendHandle}. */
  async sendMessage(message: string | Uint8Array, options: ReceiveHandleOptions = {}): Promise<void> {
    if (this.#closed) throw this.#whyClosed('sendMessage')
    await this.#outgoing.send(message, [], options.signal)
  }

  /**
   * Receives the next message with its handles.
   *
   * @throws SocketError `ECONNRESET` when the peer has closed the channel, as there is nothing more to receive;
   *   `EPROTO`, `EMSGSIZE`, `EMFILE` for what ended the channel; the signal's reason, and nothing is lost.
   */
  async receiveHandle(options: ReceiveHandleOptions = {}): Promise<Received> {
    const frame = await this.#incoming.next(options.signal)
    if (frame) return toReceived(frame)
    throw new SocketError({ code: 'ECONNRESET', syscall: 'receiveHandle', detail: 'the channel has ended' })
  }

  /** The messages with their handles, up to the end of the channel. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Received, void, undefined> {
    for (let frame; (frame = await this.#incoming.next(undefined));) yield toReceived(frame)
  }

  /** Closes the channel, and every handle that was not received yet. Closing twice is no error. */
  close(): void {
    this.#close(undefined)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #settle(): void {
    if (this.#closed) return
    this.#interest.set({ readable: this.#incoming.wants, writable: this.#outgoing.waits })
  }

  #onReady(error: SocketError | null, ready: Readiness): void {
    if (error) return this.#close(error)
    if (ready.writable) this.#outgoing.flush()
    if (!ready.readable || this.#closed) return
    try {
      this.#incoming.read()
    } catch (failure) {
      return this.#close(failure as Error)
    }
    this.#settle()
  }

  #whyClosed(syscall: string): SocketError {
    return new SocketError({ code: 'EBADF', syscall, detail: 'the channel is closed', cause: this.#error })
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    this.#interest.close()
    this.#handle.close()
    this.#incoming.close(error ?? this.#whyClosed('receiveHandle'))
    this.#outgoing.close(error ?? this.#whyClosed('sendHandle'))
    queueMicrotask(() => this.emit('close', error))
  }
}

const toReceived = (frame: Frame): Received => {
  const handles = frame.descriptors.map((each) => new ReceivedHandle(each))
  return { message: frame.message, handle: handles[0], handles }
}
