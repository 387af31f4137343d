/** A native function of a runtime behind the values that the tables pass and expect. */
import type { NativeArgument, NativeFunction, NativeResult } from './backend.ts'

export type Convert = (value: unknown) => unknown

/** What a runtime wants for each argument, and what it returns; absent where the value goes as it is. */
export interface Conversions {
  readonly args: Partial<Readonly<Record<NativeArgument, Convert>>>
  readonly results: Partial<Readonly<Record<NativeResult, Convert>>>
}

const asItIs: Convert = (value) => value

/** Written out for the usual numbers of arguments: a rest parameter costs as much as the conversions, on every call. */
export const converted = (
  native: NativeFunction,
  { args: byType, results }: Conversions,
  result: NativeResult,
  args: readonly NativeArgument[],
): NativeFunction => {
  const converts = args.map((type) => byType[type] ?? asItIs)
  const out = results[result] ?? asItIs
  const [first = asItIs, second = asItIs, third = asItIs, fourth = asItIs, fifth = asItIs] = converts
  if (args.length === 1) return (a) => out(native(first(a)))
  if (args.length === 2) return (a, b) => out(native(first(a), second(b)))
  if (args.length === 3) return (a, b, c) => out(native(first(a), second(b), third(c)))
  if (args.length === 4) return (a, b, c, d) => out(native(first(a), second(b), third(c), fourth(d)))
  if (args.length === 5)
    return (a, b, c, d, e) => out(native(first(a), second(b), third(c), fourth(d), fifth(e)))
  return (...values) => out(native(...values.map((value, index) => converts[index]!(value))))
}
