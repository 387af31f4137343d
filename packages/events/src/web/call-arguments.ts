/** callArguments: the input and the options of a call, of which each may be left out. */
import type { StreamOptions } from '../map.ts'
import { EventsError } from './errors.ts'
import type { Settings } from './options.ts'

const WINDOW = 64
const LARGEST_WINDOW = 65_536

export interface CallArguments {
  readonly input: unknown
  /** Infinity: no limit. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly window: number
}

/** @throws EventsError `ERR_INVALID_ARG_VALUE` for an option that is not known */
export const callArguments = (
  rest: readonly unknown[],
  { requestTimeoutMs }: Settings,
  known: readonly string[],
): CallArguments => {
  const [first, second] = rest
  const keys = typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first) : []
  // The options stand alone where there is no input.
  const alone = rest.length === 1 && keys.length > 0 && keys.every((key) => known.includes(key))
  const options = ((alone ? first : second) ?? {}) as StreamOptions
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new EventsError(
      'ERR_INVALID_ARG_VALUE',
      `the option ${unknown} does not exist; there are ${known.join(', ')}`,
    )
  const { timeoutMs = requestTimeoutMs, signal, window = WINDOW } = options
  return {
    input: alone ? undefined : first,
    timeoutMs: timeoutMs ?? Infinity,
    signal,
    window: Math.min(Math.max(1, window), LARGEST_WINDOW),
  }
}
