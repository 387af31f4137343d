import { invalidArgument, outOfRange } from '@uds/winsock-ffi'

/** setTimeout fires at once for longer delays: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** A number of things: a whole number, at least `least`, or Infinity. */
export const count = (
  where: string,
  what: string,
  value: number | undefined,
  otherwise: number,
  least = 1,
): number => {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw invalidArgument(where, what, 'a number', value)
  if (value === Infinity || (Number.isInteger(value) && value >= least)) return value
  throw outOfRange(where, what, `a whole number, at least ${least}`, value)
}

/** Milliseconds, at least `least`; null, Infinity and what is longer than a timer can be are "no limit" (Infinity). */
export const milliseconds = (
  where: string,
  what: string,
  value: number | null | undefined,
  otherwise: number,
  least = 0,
): number => {
  if (value === undefined) return otherwise
  if (value === null) return Infinity
  if (typeof value !== 'number') throw invalidArgument(where, what, 'a number of milliseconds or null', value)
  if (value >= least) return value > LONGEST_TIMER ? Infinity : value
  throw outOfRange(where, what, `a number of milliseconds, at least ${least}`, value)
}
