/** sleep: blocks this thread for a number of milliseconds. */
import { systemCalls } from '../system-calls/select.ts'

/** poll(2) takes an int; nobody sleeps longer than 24 days at once. */
const LONGEST_SLEEP = 2 ** 31 - 1

/**
 * Makes this thread wait, and nothing else in it runs meanwhile. The system does it, not `Atomics.wait`, which V8 forbids
 * in threads that must not block: those of Electron's windows, for one.
 *
 * @param ms - Milliseconds, rounded up. A signal may end the wait early.
 */
export const sleep = (ms: number): void =>
  systemCalls.sleep(Math.min(LONGEST_SLEEP, Math.max(0, Math.ceil(ms))))
