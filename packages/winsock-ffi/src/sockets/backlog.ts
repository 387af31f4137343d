/** The backlog of listeners: its default and its limits. */
import { outOfRange } from '../errors/wrong-argument.ts'

/** How many connections may wait for accept unless the caller says otherwise: as many as in Node. */
export const DEFAULT_BACKLOG = 511

const MOST = 2 ** 31 - 1

/**
 * Reads the option `backlog`, which every listener has: 0 or more, as listen(2) takes it (0 lets one wait). The system caps
 * it (net.core.somaxconn, 4096 on Linux).
 *
 * @param where - The function that the caller has called, for the message.
 * @throws RangeError `ERR_OUT_OF_RANGE`.
 */
export const readBacklog = (backlog: number | undefined, where: string): number => {
  const value = backlog ?? DEFAULT_BACKLOG
  if (Number.isInteger(value) && value >= 0 && value <= MOST) return value
  throw outOfRange(where, 'the backlog', `an integer from 0 to ${MOST}`, backlog)
}
