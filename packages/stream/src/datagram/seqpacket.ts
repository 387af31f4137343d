import { EventEmitter } from 'node:events'
import {
  sockets,
  SocketError,
  type UnixAddress,
  type PeerCredentials,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { connectNow, listenNow, RawListener } from '../listener/raw-listener.ts'
import type { PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { PacketSocket, rejectEmpty } from './packet-socket.ts'
import { toUnixAddress, type UnixAddressLike } from './unix-address.ts'

const connectedHandles = new WeakSet<SocketHandle>()

/** A handle that may become a {@link SeqpacketSocket}: connected, and this module's. */
const markConnected = (handle: SocketHandle): SocketHandle => {
  connectedHandles.add(handle)
  return handle
}

/**
 * A connection that carries packets: whole, in order, and with an end. Made by {@link connectSeqpacket} and
 * {@link SeqpacketListener}.
 */
export class SeqpacketSocket extends PacketSocket {
  protected override readonly emptyIsEnd = true

  /** @internal */
  constructor(handle: SocketHandle, options: PacketSocketOptions = {}) {
    if (!connectedHandles.has(handle)) {
      throw new SocketError({
        code: 'ENOTCONN',
        syscall: 'SeqpacketSocket',
        detail: 'a connection is made by connectSeqpacket and by SeqpacketListener',
      })
    }
    super(handle, options, 'SeqpacketSocket')
  }

  /**
   * Sends a packet of one byte at least, and waits while the peer is full.
   *
   * @throws SocketError `EPIPE` or `ECONNRESET` when the peer has gone, `EMSGSIZE`, `ENOBUFS`, `EBADF`; TypeError for
   *   an empty packet, which the peer would take for the end.
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
  const handle = connectNow(to, 'seqpacket')
  try {
    return new SeqpacketSocket(markConnected(handle), options)
  } catch (error) {
    handle.close()
    throw error
  }
}

export interface SeqpacketListenerEvents {
  connection: [connection: SeqpacketSocket]
  /** Accepting failed. It never has to be listened to. */
  error: [error: Error]
  close: []
}

export interface ListenSeqpacketOptions extends PacketSocketOptions {
  /** How many connections may wait for accept; 511 unless given. */
  readonly backlog?: number | undefined
}

/** Takes seqpacket connections. Made by {@link listenSeqpacket}. */
export class SeqpacketListener extends EventEmitter<SeqpacketListenerEvents> {
  /** Where it listens. */
  readonly address: UnixAddress
  readonly #options: PacketSocketOptions
  readonly #listener: RawListener

  /** @internal */
  constructor(handle: SocketHandle, address: UnixAddress, options: PacketSocketOptions) {
    super()
    this.address = address
    this.#options = options
    this.#listener = new RawListener(
      handle,
      address,
      (client) => this.#take(client),
      (error) => this.#failed(error),
    )
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
      return this.#failed(error as Error)
    }
    this.emit('connection', connection)
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
 * @throws SocketError `EADDRINUSE` when anything exists at the path, `ENOENT`, `EACCES`; RangeError for the backlog.
 */
export const listenSeqpacket = (
  address: UnixAddressLike,
  options: ListenSeqpacketOptions = {},
): SeqpacketListener => {
  const at = toUnixAddress(address, 'listenSeqpacket')
  const { backlog, ...rest } = options
  return new SeqpacketListener(listenNow(at, 'seqpacket', backlog, 'listenSeqpacket'), at, rest)
}
