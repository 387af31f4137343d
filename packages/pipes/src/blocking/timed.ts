/** What everything with two directions has: a timeout for each. */
import { parseTimeout } from '../options/arguments.ts'
import { READ, WRITE, type Direction } from '../threads/cells.ts'
import { Shareable } from '../threads/shareable.ts'

/** Something to read from and to write to, whose calls wait no longer than was set. */
export abstract class Timed extends Shareable {
  /** The timeout of reads in milliseconds; null: they wait for ever, as they do at first. */
  readTimeout(): number | null {
    return this.#timeout(READ, 'readTimeout')
  }

  /** The timeout of writes in milliseconds; null: they wait for ever, as they do at first. */
  writeTimeout(): number | null {
    return this.#timeout(WRITE, 'writeTimeout')
  }

  /**
   * Sets how long a read may take, for all clones. A read that is running in another thread goes on under the new
   * timeout, counted from its own beginning.
   *
   * @param ms - Milliseconds, rounded up; null for ever.
   * @throws RangeError `ERR_OUT_OF_RANGE` for 0, a number below, or one that is not finite.
   */
  setReadTimeout(ms: number | null): void {
    this.#setTimeout(READ, ms, 'setReadTimeout')
  }

  /** Sets how long a write may take; otherwise as {@link setReadTimeout}. */
  setWriteTimeout(ms: number | null): void {
    this.#setTimeout(WRITE, ms, 'setWriteTimeout')
  }

  #timeout(direction: Direction, where: string): number | null {
    const ms = this.opened(where).timeout(direction)
    return ms < 0 ? null : ms
  }

  #setTimeout(direction: Direction, ms: number | null, where: string): void {
    this.opened(where).setTimeout(direction, parseTimeout(ms, where, 'the timeout', 'is refused'))
  }
}
