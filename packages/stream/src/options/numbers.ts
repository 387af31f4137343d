/** Checks of the options that are numbers, before any system call. */
import { invalidArgument, outOfRange } from '@uds/winsock-ffi'

const numberOr = (where: string, what: string, value: number | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw invalidArgument(where, what, 'a number', value)
  return value
}

/** setTimeout takes no longer delay, and would fire at once (https://nodejs.org/api/timers.html). */
const LONGEST_TIMER = 2 ** 31 - 1

/** A number of milliseconds, 0 or more; Infinity is "for ever". */
export const positiveMs = (
  where: string,
  what: string,
  value: number | undefined,
  otherwise: number,
): number => {
  const ms = numberOr(where, what, value, otherwise)
  if (ms >= 0) return ms > LONGEST_TIMER ? Infinity : ms
  throw outOfRange(where, what, 'a number of milliseconds, 0 or more', value)
}

/** A count of things: an integer, 0 or more, or Infinity. */
export const wholeNumber = (
  where: string,
  what: string,
  value: number | undefined,
  otherwise: number,
): number => {
  const count = numberOr(where, what, value, otherwise)
  if (count === Infinity || (Number.isInteger(count) && count >= 0)) return count
  throw outOfRange(where, what, 'an integer, 0 or more', value)
}

/** A count of things of which there must be one: an integer from 1 to 2147483647. */
export const positiveCount = (
  where: string,
  what: string,
  value: number | undefined,
  otherwise: number,
): number => {
  const found = value ?? otherwise
  if (Number.isInteger(found) && found >= 1 && found <= 0x7fff_ffff) return found
  throw outOfRange(where, what, 'an integer from 1 to 2147483647', found)
}
