/** LinkerOptions, checked. */
import { checkOptions, invalidArgument, invalidValue, optionNames, outOfRange } from '@uds/winsock-ffi'
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

const upgrades: ReadonlySet<unknown> = new Set<Upgrade>(['accept', 'offer', 'refuse'])

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
   * Milliseconds that a client waits for its server.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number | undefined
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

const amount = (
  options: LinkerOptions,
  name: keyof LinkerOptions & `${string}${'Ms' | 'Bytes'}`,
  otherwise: number,
): number => {
  const value: unknown = options[name]
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw invalidArgument('Linker', name, 'a number', value)
  if (Number.isNaN(value) || value < 0) throw outOfRange('Linker', name, 'a number, 0 or more', value)
  return value
}

const optional = <T>(name: string, type: string, value: T | undefined): T | undefined => {
  if (value === undefined || typeof value === type) return value
  throw invalidArgument('Linker', name, `a ${type}`, value)
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
export const linkerSettings = (options: LinkerOptions = {}): LinkerSettings => {
  checkOptions(options, 'Linker', LINKER_OPTIONS)
  const payloads = options.payloads ?? 'json'
  if (payloads !== 'json' && payloads !== 'string') {
    throw invalidValue('Linker', 'payloads', "must be 'json' or 'string'", payloads)
  }
  const upgrade = options.upgrade ?? 'accept'
  if (!upgrades.has(upgrade)) {
    throw invalidValue('Linker', 'upgrade', "must be 'accept', 'offer' or 'refuse'", upgrade)
  }
  return {
    debug: optional('debug', 'boolean', options.debug) ?? false,
    payloads,
    directory: optional('directory', 'string', options.directory),
    timeoutMs: amount(options, 'timeoutMs', 10_000),
    maxFrameBytes: amount(options, 'maxFrameBytes', MIB),
    maxQueueBytes: amount(options, 'maxQueueBytes', 16 * MIB),
    maxHeldBytes: amount(options, 'maxHeldBytes', 4 * MIB),
    anyOwner: optional('anyOwner', 'boolean', options.anyOwner) ?? false,
    upgrade,
    onError: optional('onError', 'function', options.onError),
  }
}
