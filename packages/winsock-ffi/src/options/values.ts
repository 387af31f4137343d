/** Checks of single options, before any system call: each throws a TypeError or RangeError with a code, or returns the value. */
import { invalidArgument, invalidValue, outOfRange } from '../errors/wrong-argument.ts'

/** The largest int of C, and so of most counts that a system takes. */
export const INT_MAX: number = 2 ** 31 - 1

/** setTimeout fires at once for longer delays: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
export const LONGEST_TIMER: number = 2 ** 31 - 1

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
  throw outOfRange(where, what, `a number of milliseconds, ${least} or more`, value)
}

/** A number of things: an integer, at least `least`, or Infinity. */
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
  throw outOfRange(where, what, `an integer, ${least} or more`, value)
}

/** An integer between two others. */
export const integer = (where: string, what: string, value: number, from: number, to: number): number => {
  const expected = `an integer from ${from} to ${to}`
  if (typeof value !== 'number') throw invalidArgument(where, what, expected, value)
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw outOfRange(where, what, expected, value)
}

/** True or false, and nothing that is like it. */
export const boolean = (where: string, what: string, value: boolean): boolean => {
  if (typeof value === 'boolean') return value
  throw invalidArgument(where, what, 'a boolean', value)
}

/** A value of one type; `otherwise` unless set. */
export const ofType = <T>(
  where: string,
  what: string,
  type: 'boolean' | 'function' | 'string',
  value: T | undefined,
  otherwise: T,
): T => {
  if (value === undefined) return otherwise
  // `typeof` compared with a variable cannot be checked by the compiler; the callers name the types.
  if (typeof value === type) return value
  throw invalidArgument(where, what, `a ${type}`, value)
}

/** One of a few words; the first of them unless set. */
export const oneOf = <T extends string>(
  where: string,
  what: string,
  value: T | undefined,
  words: readonly [T, ...T[]],
): T => {
  if (value === undefined) return words[0]
  if (words.includes(value)) return value
  const list = words.length > 3 ? `one of ${words.join(', ')}` : words.map((word) => `'${word}'`).join(' or ')
  throw invalidValue(where, what, `must be ${list}`, value)
}

/** An `AbortSignal`, of any realm, or none. */
export const checkSignal = (where: string, signal: unknown): void => {
  if (signal === undefined) return
  const { addEventListener, aborted } = (signal ?? {}) as Partial<AbortSignal>
  if (typeof addEventListener !== 'function' || typeof aborted !== 'boolean')
    throw invalidArgument(where, 'signal', 'an AbortSignal', signal)
}

/** A function, or none. */
export const checkFunction = (where: string, what: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'function')
    throw invalidArgument(where, what, 'a function', value)
}
