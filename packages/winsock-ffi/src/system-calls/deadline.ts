/** poll(2) and its likes take a 32-bit number of milliseconds; longer waits are made in slices by their callers. */
const LONGEST_WAIT = 2 ** 31 - 1

/**
 * A function that returns how many whole milliseconds are left, rounded up so that a wait never ends early; -1 for ever.
 *
 * @param timeoutMs - Milliseconds from now; -1 for no deadline.
 */
export const deadlineIn = (timeoutMs: number): (() => number) => {
  if (timeoutMs < 0) return () => -1
  const end = performance.now() + timeoutMs
  return () => Math.min(LONGEST_WAIT, Math.max(0, Math.ceil(end - performance.now())))
}
