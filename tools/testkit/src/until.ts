/** Waiting for a state that no event announces. The limit is the test's own. */
import { setTimeout as pause } from 'node:timers/promises'

/** Short enough that a test is not slowed, long enough that other processes get the core meanwhile. */
const LOOK_AGAIN_MS = 2

/** Resolves once the condition is true. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await pause(LOOK_AGAIN_MS)
}
