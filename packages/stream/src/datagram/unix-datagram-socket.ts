/** UnixDatagramSocket: AF_UNIX datagrams in Node's loop. */
import {
  capabilities,
  checkOptions,
  SocketError,
  sockets,
  UnixAddress,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { markThread } from '@uds/winsock-ffi/internal'
import { adoptSocket, type SocketSource } from '../inherited/claim-socket.ts'
import { atExit } from '../listener/at-exit.ts'
import { boundFile } from '../listener/bound-file.ts'
import { bindReplacingStale } from './bind.ts'
import type { PacketSocketOptions, SendPacketOptions } from './packet.ts'
import { packetSettings } from './packet-settings.ts'
import { PacketSocket } from './packet-socket.ts'
import { toUnixAddress, type UnixAddressLike } from './unix-address.ts'

export interface BindOptions {
  /**
   * Replaces the socket file of a process that ended.
   *
   * @default true
   */
  readonly removeStale?: boolean | undefined
}

export interface SendDatagramOptions extends SendPacketOptions {
  /** The receiver, on a socket that is not connected. */
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

  /** @param handle - Internal. */
  constructor(options: PacketSocketOptions = {}, handle?: SocketHandle) {
    packetSettings('UnixDatagramSocket', options)
    super(handle ?? sockets.open('unix', 'datagram'), options, 'UnixDatagramSocket', handle === undefined)
  }

  /**
   * Takes over a datagram socket: one that systemd passes to a service with `ListenDatagram=`, of a parent process, of another
   * library. Its file is that of the process which bound it, and stays after `close`. When this throws, the socket stays with
   * the caller.
   *
   * @param socket - A SocketHandle, the number of a descriptor, or an entry of `listenFds()`.
   * @throws TypeError, RangeError; SocketError `EBADF`, `ENOTSOCK` for a file, `EAFNOSUPPORT`, `EPROTOTYPE` for a stream or
   *   seqpacket socket, `EBUSY` for the descriptor of a net.Socket.
   */
  static from(socket: SocketSource, options: PacketSocketOptions = {}): UnixDatagramSocket {
    const where = 'UnixDatagramSocket.from'
    packetSettings(where, options)
    return adoptSocket(
      where,
      socket,
      { type: 'datagram', state: 'bound' },
      (handle) => new UnixDatagramSocket(options, handle),
    )
  }

  /** A socket with an address, to receive. As {@link UnixDatagramSocket.bind} of an object. */
  static override bind(
    address: UnixAddressLike,
    options: PacketSocketOptions & BindOptions = {},
  ): UnixDatagramSocket {
    return openSocket(address, 'bind', options)
  }

  /** A socket with a receiver, to send. It has no address, so that the receiver cannot answer. */
  static connect(address: UnixAddressLike, options: PacketSocketOptions = {}): UnixDatagramSocket {
    return openSocket(address, 'connect', options)
  }

  /**
   * Binds the socket to an address. `close` removes the file. `unix:@` lets Linux choose an abstract name that no other socket
   * has (unix(7), autobind), for a client that needs an address to be answered: `address` has it.
   *
   * @throws SocketError `EADDRINUSE` when another process has a socket there, or the path names no socket; the file of a process
   *   that ended is replaced. `ENOENT`, `EACCES`, `ENAMETOOLONG`; TypeError for another address.
   */
  bind(address: UnixAddressLike, options: BindOptions = {}): this {
    checkOptions(options, 'bind', ['removeStale'])
    const at = address === 'unix:@' ? autobind() : toUnixAddress(address, 'bind')
    if (options.removeStale ?? true) bindReplacingStale(this.handle, at)
    else sockets.bind(this.handle, at)
    const removeFile = boundFile(at)
    // The descriptor is the process's: it outlasts the thread.
    const endAtExit = atExit(`datagram ${this.handle.fd}`, () => this.handle.close())
    markThread(this.handle.fd)
    this.#removeFile = () => {
      endAtExit()
      removeFile()
    }
    return this
  }

  /**
   * Names the receiver of every message; only messages from there are then received. Can be called again.
   *
   * @throws SocketError `ENOENT`, `ECONNREFUSED` when no socket receives there, `EACCES`, `EPROTOTYPE` for a stream.
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
   * @returns Resolves when the system has the message: only the end of the receiver loses it then.
   * @throws SocketError `ECONNREFUSED` or `ENOENT` when no socket receives there, `EMSGSIZE` for a message that is too
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

/** @throws SocketError `ENOTSUP` outside of Linux. */
const autobind = (): UnixAddress => {
  if (capabilities().abstractNames) return UnixAddress.unnamed
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'bind',
    address: 'unix:@',
    detail: 'only Linux chooses a name for a socket',
    advice: 'bind a path that no other socket has; temporaryAddress() of @uds/stream makes one',
  })
}

const openSocket = (
  address: UnixAddressLike,
  action: 'bind' | 'connect',
  options: PacketSocketOptions & BindOptions,
): UnixDatagramSocket => {
  const { removeStale, ...rest } = options
  const socket = new UnixDatagramSocket(rest)
  try {
    return action === 'bind' ? socket.bind(address, { removeStale }) : socket.connect(address)
  } catch (error) {
    socket.close()
    throw error
  }
}
