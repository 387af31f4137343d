/** failure, asError: what goes wrong, in the one shape that all packages share. */
import { SocketError } from '@uds/events'

/** The codes that this package makes itself, beside those of `@uds/events`. */
export type NatsErrorCode =
  /** The server is older than this package takes, lacks JetStream, or ignored part of a configuration. Not tried again. */
  | 'ERR_UNSUPPORTED_SERVER'
  /** Another bridge of this channel is connected with the same name of a machine. Not tried again. */
  | 'ERR_MACHINE_TAKEN'
  /** A store of JetStream takes no more. */
  | 'ERR_STORE_FULL'
  /** The server refused the credentials. Not tried again. */
  | 'ERR_UNAUTHORIZED'
  /** There is no connection to a server. */
  | 'ERR_DISCONNECTED'
  /** What waits for the server has reached its bound. */
  | 'ERR_QUEUE_FULL'
  /** The bound of what waits was reached, and its policy was to drop this message. */
  | 'ERR_DROPPED'
  /** A message is larger than the server takes. */
  | 'ERR_FRAME_TOO_LARGE'
  /** A message of another machine that cannot be read. */
  | 'ERR_BAD_PAYLOAD'
  /** No machine handles the request. */
  | 'ERR_NO_HANDLER'
  /** This adapter was closed. */
  | 'ERR_CLOSED'
  /** A message of a work queue failed for the last time; `cause` is the last error. */
  | 'ERR_DEAD_LETTER'

export const failure = (
  action: string,
  code: NatsErrorCode | 'ETIMEDOUT' | 'ENOTSUP',
  detail: string,
  cause?: unknown,
): SocketError => new SocketError({ code, syscall: action, detail, cause })

/** Any thrown thing as an Error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
