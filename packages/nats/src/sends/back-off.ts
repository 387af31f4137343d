/** backOff: the pause before another attempt. */

const FIRST_MS = 250
const LONGEST_MS = 60_000

/** Twice as long after each attempt, a minute at most. */
export const backOff = (attempts: number): number =>
  Math.min(FIRST_MS * 2 ** Math.max(attempts - 1, 0), LONGEST_MS)
