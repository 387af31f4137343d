import { checkOptions, invalidArgument, invalidValue, outOfRange } from '@uds/winsock-ffi'

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

/** How long a `close` may take. */
export const graceOf = (
  where: string,
  options: { readonly graceMs?: number | undefined },
  otherwise: number,
): number => {
  checkOptions(options, where, ['graceMs'])
  return milliseconds(where, 'graceMs', options.graceMs, otherwise)
}

/** An `AbortSignal`, or none. */
export const checkSignal = (where: string, signal: unknown): void => {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw invalidArgument(where, 'signal', 'an AbortSignal', signal)
}

/** One of a few words. */
export const oneOf = <T extends string>(
  where: string,
  what: string,
  value: T | undefined,
  words: readonly [T, ...T[]],
): T => {
  if (value === undefined) return words[0]
  if (words.includes(value)) return value
  throw invalidValue(where, what, `must be ${words.map((word) => `'${word}'`).join(' or ')}`, value)
}

/** A function, or none. */
export const checkFunction = (where: string, what: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'function')
    throw invalidArgument(where, what, 'a function', value)
}
