/** Listening for sockets that carry descriptors: who may connect, and who takes the connection. */
import { EventEmitter } from 'node:events'
import {
  capabilities,
  invalidArgument,
  sockets,
  SocketError,
  type PeerCredentials,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { describePeer, isSameUser, whyNobodyIsSameUser } from '@uds/winsock-ffi/internal'
import { markOwn } from '../inherited/claim-socket.ts'
import { RawListener } from '../listener/raw-listener.ts'

/** Options of every listener of this folder. */
export interface ListenDescriptorsOptions {
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

export const listenOptionNames = ['authorize', 'backlog', 'removeStale'] as const

export interface DescriptorListenerEvents<T> {
  /** A process has connected, and `authorize` admitted it. Without a listener for it, the connection is closed. */
  connection: [connection: T]
  /** A connection was refused, `authorize` failed (its error is the `cause`), or accepting failed. */
  connectionError: [error: Error]
  close: []
}

export type Authorize = (peer: PeerCredentials) => unknown

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

/** @throws TypeError for another value; SocketError `ENOTSUP` where the system does not say who a peer is. */
export const readAuthorize = (
  authorize: ListenDescriptorsOptions['authorize'] = 'sameUser',
  where: string,
): Authorize | undefined => {
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

/** Accepts connections, admits those that `authorize` admits, and makes sockets of them. */
export class DescriptorListener<T extends { close(): void }> extends EventEmitter<
  DescriptorListenerEvents<T>
> {
  /** The address of the socket. */
  readonly address: UnixAddress
  readonly #listener: RawListener

  /** @internal */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    authorize: Authorize | undefined,
    make: (client: SocketHandle) => T,
  ) {
    super()
    this.address = address
    // The types of EventEmitter do not follow a type parameter into the events.
    const emitter = this as unknown as EventEmitter<DescriptorListenerEvents<{ close(): void }>>
    const onError = (error: Error): void => void emitter.emit('connectionError', error)
    const onConnection = (client: SocketHandle): void => {
      let connection: T
      try {
        if (authorize) requireAuthorized(client, authorize)
        connection = make(markOwn(client))
      } catch (error) {
        client.close()
        return onError(error as Error)
      }
      if (!emitter.emit('connection', connection)) connection.close()
    }
    this.#listener = new RawListener(handle, address, onConnection, onError)
  }

  /** Lets the process end although it listens. */
  unref(): this {
    this.#listener.unref()
    return this
  }

  /** Stops accepting and removes the socket file; connections go on. Closing twice is no error. */
  close(): void {
    const emitter = this as unknown as EventEmitter<DescriptorListenerEvents<never>>
    if (this.#listener.close()) queueMicrotask(() => emitter.emit('close'))
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
