/** Mutex: one caller after the other. */
import { abortable } from './deadline.ts'

/** Lets callers in one after the other. */
export class Mutex {
  #last: Promise<void> = Promise.resolve()

  /**
   * Resolves when it is the caller's turn, with the function that ends it.
   *
   * @throws the signal's reason, when it aborts before that
   */
  async lock(signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    // A caller that waits no more lets no other in before the one whose turn it is.
    this.#last = before.then(() => promise)
    try {
      await abortable(before, signal)
      return resolve
    } catch (error) {
      resolve()
      throw error
    }
  }
}
