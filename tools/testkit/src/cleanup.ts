import { onTestFinished } from 'vitest'

type Step = () => void | Promise<void>

const afterFile: Step[] = []

/**
 * Runs `step` when the running test ends, or, outside a test (in `beforeAll`, or while the file is read),
 * when the test file ends.
 */
export const atEnd = (step: Step): void => {
  try {
    onTestFinished(step)
  } catch {
    // vitest refuses the hook outside a test, and in a test.concurrent that lost its context.
    afterFile.push(step)
  }
}

/** Runs what {@link atEnd} kept for the end of the file, last first. Called by the setup file. */
export const runFileCleanup = async (): Promise<void> => {
  for (let step = afterFile.pop(); step !== undefined; step = afterFile.pop()) await step()
}
