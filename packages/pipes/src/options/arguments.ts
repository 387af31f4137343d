/** The checks of arguments that several classes make, before any system call. */
import { checkOptions, invalidArgument, invalidValue, outOfRange } from '@uds/winsock-ffi'

/** Options of every call that waits. */
export interface WaitOptions {
  /**
   * Milliseconds this call may take at most; 0 looks once. It then fails with `ETIMEDOUT`. It replaces, for this call,
   * the timeout and the non-blocking mode that are set, and nothing that is set later changes it. Undefined: as set;
   * null: wait for ever.
   */
  readonly timeoutMs?: number | null | undefined
}

/** As long as the cells of {@link SharedState} can hold: 24 days and 20 hours. */
export const LONGEST_TIMEOUT: number = 2 ** 31 - 2

const expected = 'a finite number of milliseconds, or null to wait for ever'

/** Whole milliseconds, rounded up so that no wait ends early and no timeout becomes 0; -1 for ever. */
export const parseTimeout = (
  value: number | null,
  where: string,
  what = 'timeoutMs',
  zero: 'looks once' | 'is refused' = 'looks once',
): number => {
  if (value === null) return -1
  if (typeof value !== 'number') throw invalidArgument(where, what, expected, value)
  if (!Number.isFinite(value) || value < 0) throw outOfRange(where, what, `${expected}, not below 0`, value)
  if (value === 0 && zero === 'is refused') {
    throw outOfRange(
      where,
      what,
      'more than 0 (null waits for ever; setNonblocking(true) does not wait)',
      value,
    )
  }
  return Math.min(LONGEST_TIMEOUT, Math.ceil(value))
}

const WAIT_OPTIONS: readonly string[] = ['timeoutMs']

/**
 * The timeout that the caller passed; undefined means that the timeouts of the object hold.
 *
 * @param known - The names of all options of the call.
 */
export const callTimeout = (
  options: WaitOptions | undefined,
  where: string,
  known: readonly string[] = WAIT_OPTIONS,
): number | undefined => {
  if (options === undefined) return undefined
  checkOptions(options, where, known)
  const value = options.timeoutMs
  return value === undefined ? undefined : parseTimeout(value, where)
}

/** Memory to read from or write into. One without memory behind it is not the same as an empty one. */
export const checkBytes = (value: Uint8Array, where: string, what: string): void => {
  if (!(value instanceof Uint8Array)) {
    const text = typeof value === 'string' ? ' (of a text, Buffer.from(text))' : ''
    throw invalidArgument(where, what, `a Buffer or Uint8Array${text}`, value)
  }
  if (value.length === 0 && value.buffer instanceof ArrayBuffer && value.buffer.detached) {
    throw invalidValue(where, what, 'must not be detached: its memory has another owner now', value)
  }
}

export const checkListOfBytes = (values: readonly Uint8Array[], where: string): void => {
  if (!Array.isArray(values)) throw invalidArgument(where, 'the buffers', 'an array of Uint8Arrays', values)
  values.forEach((value, index) => checkBytes(value as Uint8Array, where, `buffer ${index}`))
}

/** Which directions a shutdown ends. */
export type ShutdownHow = 'read' | 'write' | 'both'

export const checkedDirection = (how: ShutdownHow): ShutdownHow => {
  if (how === 'read' || how === 'write' || how === 'both') return how
  throw invalidArgument('shutdown', 'the direction', "'read', 'write' or 'both'", how)
}
