import { EventEmitter } from 'node:events'
import {
  invalidArgument,
  sockets,
  SocketError,
  type PeerCredentials,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { isSameUser } from '@uds/winsock-ffi/internal'
import { listenNow, RawListener } from '../listener/raw-listener.ts'
import { HandleChannel, type HandleChannelOptions } from './channel.ts'
import { requireDescriptors } from './require-descriptors.ts'

export interface ListenHandlesOptions extends HandleChannelOptions {
  /**
   * Who may connect: the user of this process (`sameUser`), anybody whom the socket file lets in (`anybody`), or whom
   * the function allows. `sameUser` unless given.
   */
  readonly authorize?: 'sameUser' | 'anybody' | ((peer: PeerCredentials) => boolean) | undefined
  /** How many connections may wait for accept; 511 unless given. */
  readonly backlog?: number | undefined
}

export interface HandleListenerEvents {
  /** A process has connected, and was authorized. */
  connection: [channel: HandleChannel]
  /** A connection was refused, or accepting failed. It never has to be listened to. */
  connectionError: [error: Error]
  close: []
}

/** Takes connections of {@link HandleChannel}s. Made by {@link listenHandles}. */
export class HandleListener extends EventEmitter<HandleListenerEvents> {
  /** Where it listens. */
  readonly address: UnixAddress
  readonly #listener: RawListener

  /** @internal */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    allowed: (peer: PeerCredentials) => boolean,
    options: HandleChannelOptions,
  ) {
    super()
    this.address = address
    const take = (client: SocketHandle): void => {
      const channel = this.#open(client, allowed, options)
      if (channel) this.emit('connection', channel)
    }
    this.#listener = new RawListener(handle, address, take, (error) => this.emit('connectionError', error))
  }

  /** Lets the process end although it listens. */
  unref(): this {
    this.#listener.unref()
    return this
  }

  /** Stops accepting and removes the socket file; open channels go on. Closing twice is no error. */
  close(): void {
    if (this.#listener.close()) queueMicrotask(() => this.emit('close'))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(
    client: SocketHandle,
    allowed: (peer: PeerCredentials) => boolean,
    options: HandleChannelOptions,
  ): HandleChannel | undefined {
    try {
      const peer = sockets.peerCredentials(client)
      if (allowed(peer)) return HandleChannel.from(client, options)
      throw new SocketError({
        code: 'EACCES',
        syscall: 'authorize',
        detail: `the process ${peer.pid} of the user ${peer.uid} may not connect`,
      })
    } catch (error) {
      client.close()
      this.emit('connectionError', error as Error)
      return undefined
    }
  }
}

/**
 * Listens for channels.
 *
 * @throws SocketError `EADDRINUSE` when anything exists at the path, `ENOENT`, `EACCES`, `ENOTSUP` on Windows;
 *   TypeError and RangeError for wrong arguments.
 */
export const listenHandles = (
  address: UnixAddressLike,
  options: ListenHandlesOptions = {},
): HandleListener => {
  const { authorize = 'sameUser', backlog, ...rest } = options
  requireDescriptors('listenHandles')
  const at = toUnixAddress(address, 'listenHandles')
  const rules = { sameUser: isSameUser, anybody: () => true }
  const allowed = typeof authorize === 'function' ? authorize : rules[authorize]
  if (!allowed)
    throw invalidArgument('listenHandles', 'authorize', 'sameUser, anybody or a function', authorize)
  return new HandleListener(listenNow(at, 'stream', backlog, 'listenHandles'), at, allowed, rest)
}
