/** Listening for HandleChannels. */
import { EventEmitter } from 'node:events'
import {
  capabilities,
  checkOptions,
  invalidArgument,
  optionNames,
  sockets,
  SocketError,
  type PeerCredentials,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { listenReplacingStale } from '../datagram/bind.ts'
import { toUnixAddress, type UnixAddressLike } from '../datagram/unix-address.ts'
import { RawListener } from '../listener/raw-listener.ts'
import { describePeer, isSameUser, whyNobodyIsSameUser } from '@uds/winsock-ffi/internal'
import { HandleChannel, type HandleChannelOptions } from './channel.ts'
import { requireDescriptors } from './require-descriptors.ts'

export interface ListenHandlesOptions extends HandleChannelOptions {
  /**
   * Who may connect: processes of the user of this one (`sameUser`), all that the mode of the socket file lets connect
   * (`anybody`), or those for which the function returns `true`. Any other value refuses, a promise too.
   *
   * @default `sameUser`
   */
  readonly authorize?: 'sameUser' | 'anybody' | ((peer: PeerCredentials) => boolean) | undefined
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

export interface HandleListenerEvents {
  /** A process has connected, and `authorize` admitted it. Without a listener for it, the channel is closed. */
  connection: [channel: HandleChannel]
  /** A connection was refused, `authorize` failed (its error is the `cause`), or accepting failed. */
  connectionError: [error: Error]
  close: []
}

type Authorize = (peer: PeerCredentials) => unknown

const refused = (detail: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EACCES', syscall: 'authorize', detail, cause })

/** @throws SocketError `EACCES` unless `authorize` returns exactly true. */
const requireAuthorized = (client: SocketHandle, authorize: Authorize): void => {
  const peer = sockets.peerCredentials(client)
  const who = describePeer(peer)
  let answer: unknown
  try {
    answer = authorize(peer)
  } catch (cause) {
    throw refused(`authorize failed for ${who}`, cause)
  }
  if (answer === true) return
  if (typeof answer === 'boolean') throw refused(`authorize refused ${who}`)
  // Its rejection must not end the process.
  void Promise.resolve(answer).catch(() => {})
  throw refused(`authorize must return true or false, and returned ${typeof answer} for ${who}`)
}

/** Accepts connections of {@link HandleChannel}s. Made by {@link listenHandles}. */
export class HandleListener extends EventEmitter<HandleListenerEvents> {
  /** The address of the socket. */
  readonly address: UnixAddress
  readonly #listener: RawListener

  /** @internal */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    authorize: Authorize | undefined,
    options: HandleChannelOptions,
  ) {
    super()
    this.address = address
    const take = (client: SocketHandle): void => {
      const channel = this.#open(client, authorize, options)
      if (channel && !this.emit('connection', channel)) channel.close()
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
    authorize: Authorize | undefined,
    options: HandleChannelOptions,
  ): HandleChannel | undefined {
    try {
      if (authorize) requireAuthorized(client, authorize)
      return HandleChannel.from(client, options)
    } catch (error) {
      client.close()
      this.emit('connectionError', error as Error)
      return undefined
    }
  }
}

const names = optionNames<ListenHandlesOptions>({
  authorize: true,
  backlog: true,
  removeStale: true,
  maxMessageBytes: true,
  maxQueued: true,
  maxUnsent: true,
  maxUnsentBytes: true,
})

/** @throws TypeError for another value; SocketError `ENOTSUP` where the system does not tell who a peer is. */
const authorizeOf = (authorize: ListenHandlesOptions['authorize'], where: string): Authorize | undefined => {
  if (authorize === 'anybody') return undefined
  if (authorize !== 'sameUser' && typeof authorize !== 'function')
    throw invalidArgument(where, 'authorize', `'sameUser', 'anybody' or a function`, authorize)
  const nobody = authorize === 'sameUser' ? whyNobodyIsSameUser() : undefined
  if (capabilities().credentials && nobody === undefined)
    return authorize === 'sameUser' ? isSameUser : authorize
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: where,
    detail:
      nobody === undefined
        ? 'the system does not say who a peer is, so authorize has nothing to decide by'
        : `authorize 'sameUser' would refuse everybody: ${nobody}`,
    advice: `authorize: 'anybody' leaves the decision to the mode of the socket file`,
  })
}

/**
 * Listens for channels. The socket file of a process that ended is replaced.
 *
 * @throws SocketError `EADDRINUSE` when another process has a socket there, or the path names no socket; `ENOENT`,
 *   `EACCES`; `ENOTSUP` on Windows, and where `authorize` cannot ask who a peer is; TypeError and RangeError for wrong
 *   arguments.
 */
export const listenHandles = (
  address: UnixAddressLike,
  options: ListenHandlesOptions = {},
): HandleListener => {
  const where = 'listenHandles'
  requireDescriptors(where)
  checkOptions(options, where, names)
  const { authorize, backlog, removeStale, ...rest } = options
  const at = toUnixAddress(address, where)
  const allowed = authorizeOf(authorize ?? 'sameUser', where)
  const handle = listenReplacingStale(at, 'stream', { backlog, removeStale }, where)
  return new HandleListener(handle, at, allowed, rest)
}
