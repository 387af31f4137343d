/** Asks who a peer is before its first byte is read. */
import type { Duplex } from 'node:stream'
import { invalidArgument, loadKoffi, SocketError, type PeerCredentials } from '@uds/winsock-ffi'
import { hasLeft, isSameUser, peerCredentials } from './credentials.ts'
import { positiveMs, wholeNumber } from '../options/numbers.ts'
import type { Authorize, ListenOptions, TransportCapabilities } from '../transport.ts'

const refused = (detail: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EACCES', syscall: 'authorize', detail, cause })

const who = ({ pid, uid, sid }: PeerCredentials): string =>
  [pid !== undefined && `process ${pid}`, uid !== undefined && `uid ${uid}`, sid]
    .filter(Boolean)
    .join(', ') || 'a peer without credentials'

/**
 * For AF_UNIX, whose peers are told by a system call that Node does not make.
 *
 * @throws SocketError `ENOTSUP` when `authorize` is asked for without koffi: it would refuse everybody.
 */
export const requireKoffi = ({ authorize }: ListenOptions, address: string): void => {
  if (authorize === undefined) return
  try {
    loadKoffi()
  } catch (cause) {
    const detail = `authorize has to ask the system who a peer is: ${(cause as Error).message}`
    throw new SocketError({ code: 'ENOTSUP', syscall: 'listen', address, detail, cause })
  }
}

/**
 * @throws SocketError `ENOTSUP` when `authorize` is asked for where nobody vouches for peers.
 */
export const requireCredentials = (
  options: ListenOptions,
  capabilities: TransportCapabilities,
  address: string,
): void => {
  if (options.authorize === undefined || capabilities.credentials) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address,
    detail:
      'the system tells nothing about the peers of such connections, so authorize has nothing to decide by',
    advice: 'use unix: or name:, or let the peers prove who they are, as with TLS',
  })
}

/** How often those who wait are looked after: a held connection is not read, so nothing else tells that its peer has gone. */
const LOOK_MS = 20

/** Lets peers through one by one; undefined as the refusal lets one pass. */
export class Authorizer<C extends Duplex> {
  readonly #decide: Authorize
  readonly #timeoutMs: number
  readonly #most: number
  /** Who waits, and what frees the place. */
  readonly #waiting = new Map<C, () => boolean>()
  #looking: NodeJS.Timeout | undefined

  /**
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`.
   */
  constructor(options: ListenOptions) {
    const { authorize } = options
    if (authorize !== 'sameUser' && typeof authorize !== 'function') {
      throw invalidArgument('listen', 'authorize', `'sameUser' or a function`, authorize)
    }
    this.#decide = authorize === 'sameUser' ? isSameUser : authorize
    this.#timeoutMs = positiveMs('listen', 'authorizeTimeoutMs', options.authorizeTimeoutMs, 5000)
    this.#most = wholeNumber('listen', 'maxAuthorizing', options.maxAuthorizing, 128)
  }

  /** As many peers wait as may. */
  get full(): boolean {
    if (this.#waiting.size >= this.#most) this.#look()
    return this.#waiting.size >= this.#most
  }

  /** Closes those whose peers have gone. */
  #look(): void {
    for (const [connection, finish] of this.#waiting) {
      if (!hasLeft(connection)) continue
      finish()
      connection.destroy()
    }
  }

  /** Calls back once, at once where the answer is known at once, and not at all when the peer has gone. */
  ask(connection: C, callback: (refusal: SocketError | undefined) => void): void {
    let peer: PeerCredentials
    let answer: boolean | Promise<boolean>
    try {
      peer = peerCredentials(connection)
    } catch (cause) {
      callback(refused(`the system does not tell who the peer is: ${(cause as Error).message}`, cause))
      return
    }
    const decided = (allowed: unknown): SocketError | undefined =>
      allowed === true ? undefined : refused(`authorize refused ${who(peer)}`)
    const threw = (cause: unknown): SocketError => refused(`authorize failed for ${who(peer)}`, cause)
    try {
      answer = this.#decide(peer, connection)
    } catch (cause) {
      callback(threw(cause))
      return
    }
    if (typeof answer === 'boolean') callback(decided(answer))
    else this.#wait(connection, Promise.resolve(answer).then(decided, threw), callback)
  }

  #wait(
    connection: C,
    answer: Promise<SocketError | undefined>,
    callback: (refusal: SocketError | undefined) => void,
  ): void {
    const finish = (): boolean => {
      if (!this.#waiting.delete(connection)) return false
      if (this.#waiting.size === 0) {
        clearInterval(this.#looking)
        this.#looking = undefined
      }
      clearTimeout(timer)
      connection.off('close', finish)
      return true
    }
    const timer =
      this.#timeoutMs === Infinity
        ? undefined
        : setTimeout(() => {
            if (finish()) callback(refused(`authorize gave no answer within ${this.#timeoutMs} ms`))
          }, this.#timeoutMs)
    this.#waiting.set(connection, finish)
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS).unref()
    connection.once('close', finish)
    const answered = async (): Promise<void> => {
      const refusal = await answer
      if (finish()) callback(refusal)
    }
    void answered()
  }
}
