import { sockets, type UnixAddress } from '@uds/winsock-ffi'
import { boundFile } from '../listener/bound-file.ts'
import { bindReplacingStale } from './bind.ts'
import type { PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { PacketSocket } from './packet-socket.ts'
import { toUnixAddress, type UnixAddressLike } from './unix-address.ts'

export interface BindOptions {
  /** Replace the file of a socket that died. True unless given. */
  readonly removeStale?: boolean | undefined
}

export interface SendDatagramOptions extends SendPacketOptions {
  /** Where it goes, on a socket that is not connected. */
  readonly to?: UnixAddressLike | undefined
}

/**
 * An AF_UNIX datagram socket in Node's loop: messages that arrive whole, in order, and are never lost on the way. When
 * a receiver is full its senders wait.
 *
 * @example
 * ```ts
 * const server = UnixDatagramSocket.bind('/run/app/log.sock')
 * server.on('message', (data, { from }) => console.log(String(data), from))
 *
 * const client = UnixDatagramSocket.connect('/run/app/log.sock')
 * await client.send('hello')
 * client.close()
 * ```
 *
 * ## Platform behaviour
 * Linux and macOS. AF_UNIX on Windows has streams only: the constructor throws there.
 *
 * @throws SocketError `EAFNOSUPPORT`, `ESOCKTNOSUPPORT` or `ENOTSUP` where the system has no AF_UNIX datagrams.
 * @see unix(7)
 */
export class UnixDatagramSocket extends PacketSocket {
  protected override readonly emptyIsEnd = false
  #removeFile: (() => void) | undefined

  constructor(options: PacketSocketOptions = {}) {
    super(sockets.open('unix', 'datagram'), options, 'UnixDatagramSocket')
  }

  /** A socket with an address, to receive. As {@link UnixDatagramSocket.bind} of an object. */
  static override bind(
    address: UnixAddressLike,
    options: PacketSocketOptions & BindOptions = {},
  ): UnixDatagramSocket {
    return openSocket(address, 'bind', options)
  }

  /** A socket with a receiver, to send. It has no address of its own, so that the receiver cannot answer. */
  static connect(address: UnixAddressLike, options: PacketSocketOptions = {}): UnixDatagramSocket {
    return openSocket(address, 'connect', options)
  }

  /**
   * Gives the socket its address. `close` removes the file.
   *
   * @throws SocketError `EADDRINUSE` when somebody receives there, or what is there is no socket; the file of a socket
   *   that died is replaced. `ENOENT`, `EACCES`, `ENAMETOOLONG`; TypeError for what is no address of AF_UNIX.
   */
  bind(address: UnixAddressLike, options: BindOptions = {}): this {
    const own = toUnixAddress(address, 'bind')
    if (options.removeStale ?? true) bindReplacingStale(this.handle, own)
    else sockets.bind(this.handle, own)
    this.#removeFile = boundFile(own)
    return this
  }

  /**
   * Names the receiver of every message; only messages from there are then received. Can be called again.
   *
   * @throws SocketError `ENOENT`, `ECONNREFUSED` when nobody receives there, `EACCES`, `EPROTOTYPE` for a stream.
   */
  connect(address: UnixAddressLike): this {
    sockets.connect(this.handle, toUnixAddress(address, 'connect'))
    return this
  }

  /** The receiver that `connect` has named; undefined without one. */
  get remoteAddress(): UnixAddress | undefined {
    try {
      return sockets.peerAddress(this.handle) as UnixAddress
    } catch {
      return undefined
    }
  }

  /**
   * Sends a message, and waits while its receiver is full. The order to one receiver is kept.
   *
   * @returns When the system has it: nothing loses it then but the end of the receiver.
   * @throws SocketError `ECONNREFUSED` or `ENOENT` when nobody receives there, `EMSGSIZE` for a message that is too
   *   long, `ENOTCONN` or `EDESTADDRREQ` without a receiver, `ENOBUFS` when too many wait already, `EBADF` when closed.
   */
  async send(data: string | Uint8Array, options: SendDatagramOptions = {}): Promise<void> {
    const to = options.to === undefined ? undefined : toUnixAddress(options.to, 'send')
    await this.sendTo(data, to, options)
  }

  protected override release(): void {
    super.release()
    this.#removeFile?.()
  }
}

const openSocket = (
  address: UnixAddressLike,
  action: 'bind' | 'connect',
  options: PacketSocketOptions & BindOptions,
): UnixDatagramSocket => {
  const to = toUnixAddress(address, action)
  const socket = new UnixDatagramSocket(options)
  try {
    return action === 'bind' ? socket.bind(to, options) : socket.connect(to)
  } catch (error) {
    socket.close()
    throw error
  }
}
