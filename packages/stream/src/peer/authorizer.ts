/** `authorize`: who may connect, decided before the first byte is read. */
import type { Duplex } from 'node:stream'
import { invalidArgument, loadBackend, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
import {
  describePeer,
  isSameUser,
  userDifference,
  whyNobodyIsSameUser,
  milliseconds,
  count,
} from '@uds/winsock-ffi/internal'
import { hasLeft, peerCredentials } from './credentials.ts'
import type { Authorize, ListenOptions, TransportCapabilities } from '../transport.ts'

const refused = (detail: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EACCES', syscall: 'authorize', detail, cause })

/**
 * Checks that system calls can be made for `authorize` on AF_UNIX: Node itself does not read peer credentials.
 *
 * @throws SocketError `ENOTSUP` when `authorize` is set and they cannot: it would refuse every peer.
 */
export const requireSystemCalls = ({ authorize }: ListenOptions, address: string): void => {
  if (authorize === undefined) return
  try {
    loadBackend()
  } catch (cause) {
    const detail = `authorize has to ask the system who a peer is: ${(cause as Error).message}`
    throw new SocketError({ code: 'ENOTSUP', syscall: 'listen', address, detail, cause })
  }
}

/**
 * Checks that the transport has peer credentials for `authorize`.
 *
 * @throws SocketError `ENOTSUP` when `authorize` is set where nobody vouches for peers, or `'sameUser'` where this
 *   user looks like others.
 */
export const requireCredentials = (
  options: ListenOptions,
  capabilities: TransportCapabilities,
  address: string,
): void => {
  if (options.authorize === undefined) return
  const nobody = options.authorize === 'sameUser' ? whyNobodyIsSameUser() : undefined
  if (nobody !== undefined) {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'listen',
      address,
      detail: `authorize 'sameUser' would refuse everybody: ${nobody}`,
      advice: 'run as a user that the namespace maps, or set a function that decides',
    })
  }
  if (capabilities.credentials) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address,
    detail:
      'the system has no credentials of the peers of such connections, so authorize has nothing to decide by',
    advice: 'use unix: or name:, or let the peers prove who they are, as with TLS',
  })
}

/** Milliseconds between two checks for closed peers: a held connection is not read, so no event reports that. */
const CHECK_MS = 20

/** Decides about each peer, with a limit of undecided ones and a timeout. */
export class Authorizer<C extends Duplex> {
  readonly #authorize: Authorize
  readonly #timeoutMs: number
  readonly #limit: number
  /** Undecided connections, each with the function that ends its wait. */
  readonly #waiting = new Map<C, () => boolean>()
  #checking: NodeJS.Timeout | undefined

  /**
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`.
   */
  constructor(options: ListenOptions) {
    const { authorize } = options
    if (authorize !== 'sameUser' && typeof authorize !== 'function') {
      throw invalidArgument('listen', 'authorize', `'sameUser' or a function`, authorize)
    }
    this.#authorize = authorize === 'sameUser' ? isSameUser : authorize
    this.#timeoutMs = milliseconds('listen', 'authorizeTimeoutMs', options.authorizeTimeoutMs, 5000)
    this.#limit = count('listen', 'maxAuthorizing', options.maxAuthorizing, 128, 0)
  }

  /** True when no more peers may wait. */
  get full(): boolean {
    if (this.#waiting.size >= this.#limit) this.#dropClosed()
    return this.#waiting.size >= this.#limit
  }

  /** Closes connections whose peer has closed. */
  #dropClosed(): void {
    for (const [connection, finish] of this.#waiting) {
      if (!hasLeft(connection)) continue
      finish()
      connection.destroy()
    }
  }

  /**
   * Calls back once, with undefined to admit and an error to refuse; synchronously where `authorize` is. Does not call
   * back when the peer closes first.
   */
  decide(connection: C, callback: (refusal: SocketError | undefined) => void): void {
    let peer: PeerCredentials
    let answer: boolean | Promise<boolean>
    try {
      peer = peerCredentials(connection)
    } catch (cause) {
      callback(refused(`the system does not say who the peer is: ${(cause as Error).message}`, cause))
      return
    }
    const decided = (allowed: unknown): SocketError | undefined =>
      allowed === true ? undefined : refused(`authorize refused ${describePeer(peer)}${this.#why(peer)}`)
    const threw = (cause: unknown): SocketError =>
      refused(`authorize failed for ${describePeer(peer)}`, cause)
    try {
      answer = this.#authorize(peer, connection)
    } catch (cause) {
      callback(threw(cause))
      return
    }
    if (typeof answer === 'boolean') callback(decided(answer))
    else this.#wait(connection, Promise.resolve(answer).then(decided, threw), callback)
  }

  /** What is known beside the answer. */
  #why(peer: PeerCredentials): string {
    const difference = this.#authorize === isSameUser ? userDifference(peer) : undefined
    return difference === undefined ? '' : `: it ${difference}`
  }

  #wait(
    connection: C,
    answer: Promise<SocketError | undefined>,
    callback: (refusal: SocketError | undefined) => void,
  ): void {
    const finish = (): boolean => {
      if (!this.#waiting.delete(connection)) return false
      if (this.#waiting.size === 0) {
        clearInterval(this.#checking)
        this.#checking = undefined
      }
      clearTimeout(timer)
      connection.off('close', finish)
      return true
    }
    const timer =
      this.#timeoutMs === Infinity
        ? undefined
        : setTimeout(() => {
            if (finish()) callback(refused(`authorize did not answer within ${this.#timeoutMs} ms`))
          }, this.#timeoutMs)
    this.#waiting.set(connection, finish)
    this.#checking ??= setInterval(() => this.#dropClosed(), CHECK_MS).unref()
    connection.once('close', finish)
    const answered = async (): Promise<void> => {
      const refusal = await answer
      if (finish()) callback(refusal)
    }
    void answered()
  }
}
