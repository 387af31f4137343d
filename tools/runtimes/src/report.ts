/** The half of a case in its own process: prints what became of it. */
import type { Outcome } from './outcome.ts'

/** The codes of a refusal in words. */
const REFUSALS = new Set<unknown>(['ENOTSUP', 'ERR_ACCESS_DENIED'])

const outcomeOf = (error: unknown): Outcome => {
  const { code, message = String(error) } = error as { code?: unknown; message?: string }
  return { verdict: REFUSALS.has(code) ? 'refused' : 'fails', detail: message }
}

/** Tries it, and prints the outcome as the last line. */
export const report = async (attempt: () => unknown): Promise<void> => {
  let outcome: Outcome = { verdict: 'works', detail: '' }
  try {
    await attempt()
  } catch (error) {
    outcome = outcomeOf(error)
  }
  console.log(JSON.stringify(outcome))
  // What has failed may have left something open; what works has to end by itself.
  if (outcome.verdict !== 'works') process.exit()
}
