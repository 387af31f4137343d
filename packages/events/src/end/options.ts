/** EndOptions: the options of client and server, checked. */
import { checkOptions, invalidArgument, invalidValue } from '@uds/winsock-ffi'
import type { ChannelSettings } from '../channel/owner.ts'
import type { Contract } from '../contract/contract.ts'
import { count, milliseconds } from '../options.ts'
import { type QueueOptions, queueLimits } from '../channel/frame-queue.ts'
import { KNOWN_OPTIONS, type ProtocolOption } from '../wire/handshake-messages.ts'

/** The options that clients and servers share. */
export interface EndOptions<M extends object> {
  /** Says who this end is, to the other; not proved by anything. */
  readonly name?: string | undefined
  /** Schemas that check what arrives; the type map follows from them. */
  readonly contract?: Contract<M> | undefined
  /**
   * Options of the protocol that the other end has to know: the connection to an older one that does not fails with
   * `ERR_UNSUPPORTED_OPTION`. Without it only what needs the option fails.
   *
   * @default none
   */
  readonly require?: readonly ProtocolOption[] | undefined
  /** What waits while there is no connection. @default { policy: 'wait', limit: 10_000, limitBytes: 16_777_216 } */
  readonly offline?: QueueOptions | undefined
  /**
   * What waits while the other end does not read. A peer that does not read the answers to what it sends is ended with
   * `ERR_SLOW_CONSUMER` when they exceed `limitBytes`.
   *
   * @default { policy: 'wait', limit: 10_000, limitBytes: 4_194_304 }
   */
  readonly outgoing?: QueueOptions | undefined
  /** Bytes that may be on their way before `emit` says false. @default 262_144 */
  readonly highWaterMark?: number | undefined
  /**
   * How many `send`s may wait for their acknowledgement; more wait as `outgoing` says. Of the other end as many are
   * handled at once, and its connection is not read meanwhile.
   *
   * @default 16_384
   */
  readonly maxUnacknowledged?: number | undefined
  /** The largest frame that is read, in bytes; a larger one ends the connection. @default 16_777_216 */
  readonly maxFrame?: number | undefined
  /** The deepest nesting that is read. @default 256 */
  readonly maxDepth?: number | undefined
  /** The most values that are read in one payload, each list, object and key counted. @default 1_000_000 */
  readonly maxValues?: number | undefined
  /** How many different names a connection may have, each way. @default 4096 */
  readonly maxNames?: number | undefined
  /** How many requests of the other end may be under way; a handler counts until it has ended. @default 10_000 */
  readonly maxRequests?: number | undefined
  /** Milliseconds for the handshake. @default 5000 */
  readonly handshakeTimeoutMs?: number | undefined
  /** Milliseconds after which a request fails, unless it says otherwise; `null`: no limit. @default 30_000 */
  readonly requestTimeoutMs?: number | null | undefined
  /** Milliseconds between signs of life; three missing ones mean dead. 0 or null: never. @default 15_000 */
  readonly keepAliveMs?: number | null | undefined
}

/** The names of the options that both ends have. */
export const END_OPTIONS: Readonly<Record<keyof EndOptions<object>, true>> = {
  name: true,
  contract: true,
  require: true,
  offline: true,
  outgoing: true,
  highWaterMark: true,
  maxUnacknowledged: true,
  maxFrame: true,
  maxDepth: true,
  maxValues: true,
  maxNames: true,
  maxRequests: true,
  handshakeTimeoutMs: true,
  requestTimeoutMs: true,
  keepAliveMs: true,
}

/** {@link EndOptions} with everything checked and filled in. */
export interface EndSettings extends ChannelSettings {
  readonly name: string | undefined
  readonly require: readonly string[] | undefined
  readonly maxNames: number
  readonly handshakeTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
}

const MIB = 1024 * 1024
const MOST_NAMES = 65_535

export const checkText = (where: string, what: string, value: unknown): void => {
  if (value === undefined || (typeof value === 'string' && value.length <= 4096)) return
  throw invalidArgument(where, what, 'a string of at most 4096 characters', value)
}

const checkRequire = (where: string, value: unknown): void => {
  if (value === undefined) return
  if (!Array.isArray(value)) throw invalidArgument(where, 'require', 'a list of options', value)
  const unknown: unknown = value.find((option) => !KNOWN_OPTIONS.includes(option as string))
  if (unknown !== undefined)
    throw invalidValue(where, 'require', `may have ${KNOWN_OPTIONS.join(', ')}`, unknown)
}

/** @param known - The names of all options of this end. */
export const endSettings = <M extends object>(
  where: string,
  options: EndOptions<M>,
  known: readonly string[],
): EndSettings => {
  checkOptions(options, where, known)
  checkText(where, 'name', options.name)
  checkRequire(where, options.require)
  const keepAliveMs = milliseconds(where, 'keepAliveMs', options.keepAliveMs, 15_000)
  return {
    name: options.name,
    require: options.require,
    offline: queueLimits(where, 'offline', options.offline, {
      policy: 'wait',
      limit: 10_000,
      limitBytes: 16 * MIB,
    }),
    outgoing: queueLimits(where, 'outgoing', options.outgoing, {
      policy: 'wait',
      limit: 10_000,
      limitBytes: 4 * MIB,
    }),
    highWaterMark: count(where, 'highWaterMark', options.highWaterMark, 256 * 1024),
    maxUnacknowledged: count(where, 'maxUnacknowledged', options.maxUnacknowledged, 16_384),
    maxFrame: Math.min(count(where, 'maxFrame', options.maxFrame, 16 * MIB, 1024), 2 ** 31 - 1),
    maxDepth: count(where, 'maxDepth', options.maxDepth, 256),
    maxValues: count(where, 'maxValues', options.maxValues, 1_000_000),
    maxNames: Math.min(count(where, 'maxNames', options.maxNames, 4096), MOST_NAMES),
    maxRequests: count(where, 'maxRequests', options.maxRequests, 10_000),
    handshakeTimeoutMs: milliseconds(where, 'handshakeTimeoutMs', options.handshakeTimeoutMs, 5000, 1),
    requestTimeoutMs: milliseconds(where, 'requestTimeoutMs', options.requestTimeoutMs, 30_000, 1),
    keepAliveMs: keepAliveMs === Infinity ? 0 : keepAliveMs,
  }
}
