/** LinkerOptions, checked. */
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { count, milliseconds, oneOf, ofType } from '../options.ts'
import type { PayloadMode } from './frames/payload.ts'

/**
 * Whether two ends of this package switch to the native protocol, on the connection that they have. From then on a send
 * is acknowledged when it was handled, and nothing is lost when the connection is.
 *
 * - `'accept'`: if the other end offers it. Until then a stream is exactly unixevents.
 * - `'offer'`: this end offers it as soon as it is connected, by one event `$uds` that old peers ignore.
 * - `'refuse'`: never.
 */
export type Upgrade = 'accept' | 'offer' | 'refuse'

/** Options of a `Linker`. */
export interface LinkerOptions {
  /**
   * Prints each step to standard error.
   *
   * @default false
   */
  readonly debug?: boolean | undefined
  /**
   * What listeners get for a payload: its value, or its text; see {@link PayloadMode}.
   *
   * @default 'json'
   */
  readonly payloads?: PayloadMode | undefined
  /**
   * The directory of the socket, in place of /tmp (on Windows: in place of %TMP% in the name of the pipe). Both ends
   * must name the same. A directory that only this user can write is the safer place.
   *
   * @default /tmp, on Windows %TMP%
   */
  readonly directory?: string | undefined
  /**
   * Milliseconds that a client waits for its server; null: no limit.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number | null | undefined
  /**
   * The largest frame that is sent or read, in bytes.
   *
   * @default 1_048_576, as in Python
   */
  readonly maxFrameBytes?: number | undefined
  /**
   * How many characters may wait for one peer that does not read.
   *
   * @default 16_777_216
   */
  readonly maxQueueBytes?: number | undefined
  /**
   * How many bytes may wait for a peer that is not connected yet.
   *
   * @default 4_194_304
   */
  readonly maxHeldBytes?: number | undefined
  /**
   * A client accepts a server of any user, not only of this one or root (on Windows SYSTEM).
   *
   * @default false
   */
  readonly anyOwner?: boolean | undefined
  /**
   * When to switch to the native protocol with a peer of this package; see {@link Upgrade}.
   *
   * @default 'accept'
   */
  readonly upgrade?: Upgrade | undefined
  /** Called with every error; the same as setting `linker.onError`. */
  readonly onError?: ((error: Error) => void) | undefined
}

const LINKER_OPTIONS = optionNames<LinkerOptions>({
  debug: true,
  payloads: true,
  directory: true,
  timeoutMs: true,
  maxFrameBytes: true,
  maxQueueBytes: true,
  maxHeldBytes: true,
  anyOwner: true,
  upgrade: true,
  onError: true,
})

/** {@link LinkerOptions}, checked, with their defaults. */
export interface LinkerSettings {
  readonly debug: boolean
  readonly payloads: PayloadMode
  readonly directory: string | undefined
  readonly timeoutMs: number
  readonly maxFrameBytes: number
  readonly maxQueueBytes: number
  readonly maxHeldBytes: number
  readonly anyOwner: boolean
  readonly upgrade: Upgrade
  readonly onError: ((error: Error) => void) | undefined
}

const MIB = 1024 * 1024
const WHERE = 'Linker'

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
export const linkerSettings = (options: LinkerOptions = {}): LinkerSettings => {
  checkOptions(options, WHERE, LINKER_OPTIONS)
  return {
    debug: ofType(WHERE, 'debug', 'boolean', options.debug, false),
    payloads: oneOf(WHERE, 'payloads', options.payloads, ['json', 'string']),
    directory: ofType(WHERE, 'directory', 'string', options.directory, undefined),
    timeoutMs: milliseconds(WHERE, 'timeoutMs', options.timeoutMs, 10_000),
    maxFrameBytes: count(WHERE, 'maxFrameBytes', options.maxFrameBytes, MIB, 0),
    maxQueueBytes: count(WHERE, 'maxQueueBytes', options.maxQueueBytes, 16 * MIB, 0),
    maxHeldBytes: count(WHERE, 'maxHeldBytes', options.maxHeldBytes, 4 * MIB, 0),
    anyOwner: ofType(WHERE, 'anyOwner', 'boolean', options.anyOwner, false),
    upgrade: oneOf(WHERE, 'upgrade', options.upgrade, ['accept', 'offer', 'refuse']),
    onError: ofType(WHERE, 'onError', 'function', options.onError, undefined),
  }
}
