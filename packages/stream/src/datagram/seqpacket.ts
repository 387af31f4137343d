/** Seqpacket connections and their listener. */
import { EventEmitter } from 'node:events'
import {
  sockets,
  SocketError,
  type UnixAddress,
  type PeerCredentials,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { refuseDescriptors } from '../descriptors/refuse.ts'
import { adoptSocket, type SocketSource } from '../inherited/claim-socket.ts'
import { connectNow, RawListener } from '../listener/raw-listener.ts'
import { listenReplacingStale } from './bind.ts'
import type { PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { packetSettings } from './packet-settings.ts'
import { PacketSocket, rejectEmpty } from './packet-socket.ts'
import { toUnixAddress, type UnixAddressLike } from './unix-address.ts'

const connectedHandles = new WeakSet<SocketHandle>()

/** Marks a handle that may become a {@link SeqpacketSocket}. */
const markConnected = (handle: SocketHandle): SocketHandle => {
  connectedHandles.add(handle)
  return handle
}

/**
 * A connection that carries packets: whole, in order, and with an end. Made by {@link connectSeqpacket},
 * {@link SeqpacketListener} and {@link SeqpacketSocket.from}.
 */
export class SeqpacketSocket extends PacketSocket {
  protected override readonly emptyIsEnd = true

  /** @internal */
  constructor(handle: SocketHandle, options: PacketSocketOptions = {}) {
    if (!connectedHandles.has(handle)) {
      throw new SocketError({
        code: 'ENOTCONN',
        syscall: 'SeqpacketSocket',
        detail: 'a connection is made by connectSeqpacket, SeqpacketListener and SeqpacketSocket.from',
      })
    }
    super(handle, options, 'SeqpacketSocket', false)
  }

  /**
   * Takes over a connected seqpacket socket: one that systemd passes to a service with `Accept=yes`, of a parent process, of
   * another library. When this throws, the socket stays with the caller.
   *
   * @param socket - A SocketHandle, the number of a descriptor, or an entry of `listenFds()`.
   * @throws TypeError, RangeError; SocketError `EBADF`, `ENOTSOCK` for a file, `EAFNOSUPPORT`, `EPROTOTYPE`, `EINVAL` for a
   *   listening socket, `ENOTCONN`, `EBUSY` for the descriptor of a net.Socket.
   */
  static from(socket: SocketSource, options: PacketSocketOptions = {}): SeqpacketSocket {
    const where = 'SeqpacketSocket.from'
    packetSettings(where, options)
    return adoptSocket(
      where,
      socket,
      { type: 'seqpacket', state: 'connected' },
      (handle) => new SeqpacketSocket(markConnected(handle), options),
    )
  }

  /**
   * Sends a packet of one byte at least, and waits while the peer is full.
   *
   * @throws SocketError `EPIPE` or `ECONNRESET` when the peer has gone, `EMSGSIZE`, `ENOBUFS`, `EBADF`; TypeError for
   *   an empty packet, which the peer would read as the end.
   */
  async send(data: string | Uint8Array, options: SendPacketOptions = {}): Promise<void> {
    rejectEmpty(data)
    await this.sendTo(data, undefined, options)
  }

  /** The process at the other end and its user. */
  get peerCredentials(): PeerCredentials {
    return sockets.peerCredentials(this.handle)
  }
}

/**
 * Connects to a seqpacket server.
 *
 * ## Platform behaviour
 * Linux. macOS and Windows have no AF_UNIX seqpacket sockets.
 *
 * @throws SocketError `ENOENT`, `ECONNREFUSED`, `EACCES`, `EAGAIN` (full backlog), `EPROTOTYPE` for a socket of another
 *   kind; `EPROTONOSUPPORT`, `EAFNOSUPPORT` or `ESOCKTNOSUPPORT` where there are none.
 */
export const connectSeqpacket = (
  address: UnixAddressLike,
  options: PacketSocketOptions = {},
): SeqpacketSocket => {
  const to = toUnixAddress(address, 'connectSeqpacket')
  packetSettings('connectSeqpacket', options)
  const handle = connectNow(to, 'seqpacket')
  try {
    return new SeqpacketSocket(markConnected(handle), options)
  } catch (error) {
    handle.close()
    throw error
  }
}

export interface SeqpacketListenerEvents {
  /** A connection. Without a listener for it, the connection is closed. */
  connection: [connection: SeqpacketSocket]
  /** Accepting failed. A listener without a handler for it goes on. */
  error: [error: Error]
  close: []
}

export interface ListenSeqpacketOptions extends PacketSocketOptions {
  /**
   * The number of connections that wait for accept.
   *
   * @default 511
   */
  readonly backlog?: number | undefined
  /**
   * Replaces the socket file of a process that ended.
   *
   * @default true
   */
  readonly removeStale?: boolean | undefined
}

/** Accepts seqpacket connections. Made by {@link listenSeqpacket} and {@link SeqpacketListener.from}. */
export class SeqpacketListener extends EventEmitter<SeqpacketListenerEvents> {
  /** The address of the socket. */
  readonly address: UnixAddress
  readonly #options: PacketSocketOptions
  readonly #listener: RawListener

  /** @internal */
  constructor(handle: SocketHandle, address: UnixAddress, options: PacketSocketOptions, ownsFile: boolean) {
    super()
    this.address = address
    this.#options = options
    // What a listener has counts for connections that wait in its backlog, too.
    if (options.maxDescriptors === 0) refuseDescriptors(handle)
    this.#listener = new RawListener(
      handle,
      address,
      (client) => this.#take(client),
      (error) => this.#failed(error),
      ownsFile,
    )
  }

  /**
   * Takes over a listening seqpacket socket, as systemd passes it. Its file is that of the process which bound it, and stays
   * after `close`. When this throws, the socket stays with the caller.
   *
   * @param socket - A SocketHandle, the number of a descriptor, or an entry of `listenFds()`.
   * @throws As {@link SeqpacketSocket.from}; `EINVAL` for a socket that does not listen.
   */
  static from(socket: SocketSource, options: PacketSocketOptions = {}): SeqpacketListener {
    const where = 'SeqpacketListener.from'
    packetSettings(where, options)
    return adoptSocket(where, socket, { type: 'seqpacket', state: 'listening' }, (handle) => {
      handle.setNonblocking(true)
      return new SeqpacketListener(handle, sockets.localAddress(handle) as UnixAddress, options, false)
    })
  }

  /** Lets the process end although it listens. */
  unref(): this {
    this.#listener.unref()
    return this
  }

  /** Stops accepting and removes the socket file. Closing twice is no error. */
  close(): void {
    if (this.#listener.close()) queueMicrotask(() => this.emit('close'))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #take(client: SocketHandle): void {
    let connection: SeqpacketSocket
    try {
      connection = new SeqpacketSocket(markConnected(client), this.#options)
    } catch (error) {
      client.close()
      return this.#failed(error as Error)
    }
    if (!this.emit('connection', connection)) connection.close()
  }

  #failed(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}

/**
 * Listens for seqpacket connections.
 *
 * ## Platform behaviour
 * As {@link connectSeqpacket}.
 *
 * @throws SocketError `EADDRINUSE` when another process has a socket there, or the path names no socket; `ENOENT`,
 *   `EACCES`; TypeError and RangeError for wrong options.
 */
export const listenSeqpacket = (
  address: UnixAddressLike,
  options: ListenSeqpacketOptions = {},
): SeqpacketListener => {
  const where = 'listenSeqpacket'
  const at = toUnixAddress(address, where)
  packetSettings(where, options, ['backlog', 'removeStale'])
  const { backlog, removeStale, ...rest } = options
  return new SeqpacketListener(
    listenReplacingStale(at, 'seqpacket', { backlog, removeStale }, where),
    at,
    rest,
    true,
  )
}
