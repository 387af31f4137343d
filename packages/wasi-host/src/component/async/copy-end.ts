/** CopyEnd: the end of a stream or a future that a component holds, and the copy that it has begun. */
import { trap } from '../trap.ts'
import { Waitable } from './waitable.ts'

/** A copy that has to wait. */
export const BLOCKED = -1

export const COMPLETED = 0
export const DROPPED = 1
const CANCELLED = 2

/** Elements of one copy at most: CanonicalABI.md, `Buffer.MAX_LENGTH`. */
const MOST_ELEMENTS = 0x0fff_ffff

export const expectCount = (count: number): number =>
  count >>> 0 > MOST_ELEMENTS ? trap(`${count >>> 0} elements in one copy`) : count >>> 0

export abstract class CopyEnd extends Waitable {
  /** The place of the elements of a copy that waits. */
  at = 0
  count = 0
  /** A copy waits. */
  copying = false
  #done = false
  #doneNext = false

  expectIdle(): void {
    if (this.#done) trap('nothing can be copied any more: the other end is gone')
    if (this.copying || this.pending) trap('a copy is under way')
  }

  /** A copy has to wait. */
  begin(at: number, count: number): void {
    this.at = at
    this.count = count
    this.copying = true
  }

  /** A copy that waited has ended. */
  finish(result: number, packed: number, last: boolean): void {
    this.copying = false
    this.#doneNext = last
    this.happened(result | packed)
  }

  /** A copy has ended at once. */
  finishNow(result: number, packed: number, last: boolean): number {
    this.#done = last
    return result | packed
  }

  protected override delivered(): void {
    this.#done = this.#doneNext
  }

  /** The other end is known to be gone, or has its value. */
  get done(): boolean {
    return this.#done
  }

  /** Ends a copy that waits; the result is there at once, since the host keeps nothing of it. */
  cancel(): number {
    if (this.pending) return this.collect()
    if (!this.copying) trap('there is no copy to cancel')
    this.copying = false
    return CANCELLED
  }

  drop(): void {
    if (this.copying || this.pending) trap('a copy is under way')
    this.leave()
  }
}
