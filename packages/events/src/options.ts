/** Checks of options: those of every package, and the grace of `close`. */
import { checkOptions } from '@uds/winsock-ffi'
import { milliseconds } from '@uds/winsock-ffi/internal'

export {
  checkFunction,
  checkSignal,
  count,
  LONGEST_TIMER,
  milliseconds,
  ofType,
  oneOf,
} from '@uds/winsock-ffi/internal'

/** How long a `close` may take. */
export const readGrace = (
  where: string,
  options: { readonly graceMs?: number | undefined },
  otherwise: number,
): number => {
  checkOptions(options, where, ['graceMs'])
  return milliseconds(where, 'graceMs', options.graceMs, otherwise)
}
