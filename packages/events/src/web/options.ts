/** The options of a client, read. */
import { EventsError } from './errors.ts'
import type { StreamPair } from './carriers.ts'

/** How a client comes back. */
export interface ReconnectOptions {
  /** Milliseconds before the first attempt. @default 50 */
  readonly initialMs?: number | undefined
  /** Milliseconds of the longest wait. @default 5000 */
  readonly maxMs?: number | undefined
  /** What each wait is multiplied by. @default 2 */
  readonly factor?: number | undefined
  /** Which part of each wait is left to chance, 0 to 1. @default 0.5 */
  readonly jitter?: number | undefined
}

/** How a client connects. */
export interface ClientOptions {
  /** Says who this end is; not proved by anything. */
  readonly name?: string | undefined
  /** What the server's `token` or `authorize` wants to see. */
  readonly token?: string | undefined
  /** The subprotocols of the WebSocket. */
  readonly protocols?: string | readonly string[] | undefined
  /** How to come back when the connection is lost; false: not at all. */
  readonly reconnect?: ReconnectOptions | false | undefined
  /** Milliseconds after which a request fails, unless it says otherwise; `null`: no limit. @default 30_000 */
  readonly requestTimeoutMs?: number | null | undefined
  /** Milliseconds for connecting and the handshake. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Milliseconds between signs of life; three missing ones mean dead. 0: never. @default 15_000 */
  readonly keepAliveMs?: number | undefined
  /** The largest frame that is read, in bytes. @default 16_777_216 */
  readonly maxFrame?: number | undefined
  /** Bytes that may be on their way before `emit` says false. @default 262_144 */
  readonly highWaterMark?: number | undefined
  /** Bytes that may wait here, connected or not; more is `ERR_QUEUE_FULL`. @default 16_777_216 */
  readonly queueBytes?: number | undefined
}

/** Where a server is: the URL of a WebSocket (`ws:`, `wss:`), or a function that makes a pair of streams each time. */
export type Target = string | URL | (() => StreamPair | Promise<StreamPair>)

/** The options, with everything filled in. */
export interface Settings extends ClientOptions {
  readonly backoff: Required<{ [K in keyof ReconnectOptions]: number }> | undefined
  readonly requestTimeoutMs: number
  readonly timeoutMs: number
  readonly keepAliveMs: number
  readonly maxFrame: number
  readonly highWaterMark: number
  readonly queueBytes: number
}

const KNOWN: Readonly<Record<keyof ClientOptions, true>> = {
  name: true,
  token: true,
  protocols: true,
  reconnect: true,
  requestTimeoutMs: true,
  timeoutMs: true,
  keepAliveMs: true,
  maxFrame: true,
  highWaterMark: true,
  queueBytes: true,
}

const number = (what: string, value: number | null | undefined, otherwise: number, least: number): number => {
  if (value === undefined) return otherwise
  if (value === null) return Infinity
  if (typeof value === 'number' && value >= least) return value
  throw new EventsError(
    'ERR_OUT_OF_RANGE',
    `connect: ${what} must be a number from ${least}, got ${String(value)}`,
  )
}

/** @throws EventsError `ERR_INVALID_ARG_VALUE` for an option that does not exist, `ERR_OUT_OF_RANGE` */
export const readOptions = (options: ClientOptions): Settings => {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(KNOWN, key))
  if (unknown !== undefined)
    throw new EventsError('ERR_INVALID_ARG_VALUE', `connect: the option ${unknown} does not exist`)
  const { reconnect } = options
  const of = reconnect === false ? undefined : (reconnect ?? {})
  const keepAliveMs = number('keepAliveMs', options.keepAliveMs, 15_000, 0)
  return {
    ...options,
    backoff:
      of === undefined
        ? undefined
        : {
            initialMs: number('reconnect.initialMs', of.initialMs, 50, 1),
            maxMs: number('reconnect.maxMs', of.maxMs, 5000, 1),
            factor: number('reconnect.factor', of.factor, 2, 1),
            jitter: Math.min(1, number('reconnect.jitter', of.jitter, 0.5, 0)),
          },
    requestTimeoutMs: number('requestTimeoutMs', options.requestTimeoutMs, 30_000, 1),
    timeoutMs: number('timeoutMs', options.timeoutMs, 10_000, 1),
    keepAliveMs: keepAliveMs === Infinity ? 0 : keepAliveMs,
    maxFrame: Math.min(number('maxFrame', options.maxFrame, 16 * 1024 * 1024, 1024), 2 ** 31 - 1),
    highWaterMark: number('highWaterMark', options.highWaterMark, 256 * 1024, 1),
    queueBytes: number('queueBytes', options.queueBytes, 16 * 1024 * 1024, 1),
  }
}
