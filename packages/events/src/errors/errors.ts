/** Error codes, failure, DeferError; what a lost connection means. */
import { invalidArgument, outOfRange, SocketError } from '@uds/winsock-ffi'
import { RemoteError } from './remote-error.ts'

export { asError, fromWire, RemoteError, toWire, type WireError } from './remote-error.ts'

/**
 * Every code that this package makes itself. Codes of the system (`ECONNREFUSED`, `ENOENT`, `ETIMEDOUT`, ...) come
 * through as they are. Match on `error.code`; the texts may change.
 */
export type EventsErrorCode =
  /** The other end broke the written protocol (PROTOCOL.md). */
  | 'ERR_PROTOCOL'
  /** No version of the protocol that both ends speak, or the other end does not speak it at all. */
  | 'ERR_UNSUPPORTED_VERSION'
  /** `authorize` refused the peer, or the token is wrong. Not tried again. */
  | 'ERR_UNAUTHORIZED'
  /** The server ended the connection with `peer.disconnect()`. Not tried again. */
  | 'ERR_DISCONNECTED_BY_SERVER'
  /** The other end does not offer the codec, or not to this peer. Not tried again. */
  | 'ERR_UNSUPPORTED_CODEC'
  /** An option that the other end demands is not known here. Not tried again. */
  | 'ERR_UNSUPPORTED_OPTION'
  /** A frame is larger than the limit of the end that would read it. */
  | 'ERR_FRAME_TOO_LARGE'
  /** A payload that the codec cannot read. */
  | 'ERR_BAD_PAYLOAD'
  /** A payload is nested deeper than the limit. */
  | 'ERR_TOO_DEEP'
  /** A payload has more values than the limit. */
  | 'ERR_TOO_MANY_VALUES'
  /** A name of an event, request or room that is empty, too long, reserved or not text. */
  | 'ERR_INVALID_NAME'
  /** More different names than the limit. */
  | 'ERR_TOO_MANY_NAMES'
  /** More requests at once than the limit. */
  | 'ERR_TOO_MANY_REQUESTS'
  /** The other end said nothing for too long: it is dead, or it hangs. */
  | 'ERR_KEEPALIVE_TIMEOUT'
  /** The connection was lost before the answer came; whether the other end acted is not known. */
  | 'ERR_DISCONNECTED'
  /** This end, or the other one, was closed on purpose. */
  | 'ERR_CLOSED'
  /** The server listens already. */
  | 'ERR_LISTENING'
  /** The queue is full, and its policy is to say so. */
  | 'ERR_QUEUE_FULL'
  /** The queue was full, and its policy was to drop this message. */
  | 'ERR_DROPPED'
  /** The peer does not read what is written to it. */
  | 'ERR_SLOW_CONSUMER'
  /** Nobody listens to this event, or handles this request, at the other end. */
  | 'ERR_NO_HANDLER'
  /** A handler put a message off with `DeferError`, and the sender's version does not know that. */
  | 'ERR_DEFERRED'
  /** A handler threw something that has no code of its own. */
  | 'ERR_HANDLER_FAILED'
  /** The input does not fit the schema of the contract. */
  | 'ERR_VALIDATION'
  /** Another client is connected with this name (`uniqueNames`). */
  | 'ERR_NAME_TAKEN'
  /** No client is connected with the name that is asked for. */
  | 'ERR_NO_PEER'
  /** A message of a work queue failed for the last time; `cause` is the last error. */
  | 'ERR_DEAD_LETTER'
  /** Another connection took over this session. */
  | 'ERR_SESSION_TAKEN'
  /** The journal is open already, in another process or in this one. */
  | 'ERR_JOURNAL_IN_USE'
  /** The file of the journal is damaged, or is no database. */
  | 'ERR_JOURNAL_CORRUPT'

/** Makes a failure in the one shape that all packages share. */
export const failure = (
  action: string,
  code: EventsErrorCode | 'ETIMEDOUT' | 'ENOTSUP',
  detail: string,
  cause?: unknown,
): SocketError => new SocketError({ code, syscall: action, detail, cause })

const deferBrand = Symbol.for('@uds/DeferError')

/**
 * Thrown by a listener of a `send`: not now. The sender keeps the message and sends it again after `retryAfterMs`, marked
 * as redelivered; messages behind it are not held up. Elsewhere (`emit`, requests) it is an error like others.
 */
export class DeferError extends Error {
  readonly code = 'ERR_DEFERRED'
  /** Milliseconds until the message comes again, 1 to 2,147,483,647. */
  readonly retryAfterMs: number

  /** @throws RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_TYPE` */
  constructor(options: { readonly retryAfterMs: number }) {
    const { retryAfterMs } = options
    super(`not now: the message comes again after ${retryAfterMs} ms`)
    this.name = 'DeferError'
    if (typeof retryAfterMs !== 'number')
      throw invalidArgument('DeferError', 'retryAfterMs', 'a number of milliseconds', retryAfterMs)
    if (!(retryAfterMs >= 1 && retryAfterMs <= 2 ** 31 - 1))
      throw outOfRange('DeferError', 'retryAfterMs', '1 to 2147483647 milliseconds', retryAfterMs)
    this.retryAfterMs = Math.ceil(retryAfterMs)
    Object.defineProperty(this, deferBrand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== DeferError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && deferBrand in value
  }
}

/**
 * A promise whose rejection does not end the process when no caller awaits it: the other end has caused it. A caller that
 * awaits it sees the rejection all the same.
 */
export const quietly = <T>(promise: Promise<T>): Promise<T> => {
  promise.then(undefined, noop)
  return promise
}

const noop = (): void => {}

/**
 * What requests and messages under way hear when their connection is gone: the reason that the other end sent, or that
 * this end found; `ERR_DISCONNECTED` for a loss, and for an end that was closed in peace.
 */
export const disconnection = (action: string, reason: Error | undefined): Error => {
  const code = (reason as { code?: unknown } | undefined)?.code
  const ours = reason instanceof RemoteError || reason instanceof SocketError
  if (ours && typeof code === 'string' && code.startsWith('ERR_') && code !== 'ERR_CLOSED') return reason
  const why = reason === undefined ? 'the connection was lost' : `the connection was lost: ${reason.message}`
  return failure(action, 'ERR_DISCONNECTED', why, reason)
}

/**
 * An error of a stream as a SocketError. Node's own errors of a stream that has ended (`ERR_STREAM_...`) become
 * `ERR_DISCONNECTED`; the codes of the system stay.
 */
export const connectionFailure = (action: string, error: Error, address?: string): SocketError => {
  if (error instanceof SocketError) return error
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string' || code.startsWith('ERR_')) {
    return new SocketError({
      code: 'ERR_DISCONNECTED',
      syscall: action,
      address,
      detail: 'the connection has ended',
      cause: error,
    })
  }
  return new SocketError({ code, syscall: action, address, cause: error })
}
