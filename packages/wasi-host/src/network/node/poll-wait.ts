/** PollWait: waits until one of several ends is ready. */
import { SyncPromise } from '../../outcome/sync-promise.ts'
import type { Interest } from '../network.ts'
import type { Signal, Waiter } from './signal.ts'

/** setTimeout knows 2^31 - 1 ms at most; a longer wait looks again. */
const LONGEST_MS = 0x7fff_ffff

const isReady = ({ end, read, write }: Interest): boolean =>
  (read && end.readable()) || (write && end.writable()) || end.hungUp()

const signalOf = ({ end }: Interest): Signal => (end as unknown as { readonly signal: Signal }).signal

/** Waits for one of several ends, for a time, or until it is stopped. All ends are of this network. */
export class PollWait implements Waiter {
  readonly over: SyncPromise<void> = new SyncPromise()
  readonly #interests: readonly Interest[]
  readonly #among: Set<PollWait>
  #timer: NodeJS.Timeout | undefined
  #left = false

  /**
   * @param timeoutMs - -1 is for ever.
   * @param among - The waits of the network, to which this belongs while it lasts.
   */
  constructor(interests: readonly Interest[], timeoutMs: number, among: Set<PollWait>) {
    this.#interests = interests
    this.#among = among
    among.add(this)
    for (const each of interests) signalOf(each).on(this)
    if (timeoutMs >= 0) this.#timer = setTimeout(() => this.#end(), Math.min(timeoutMs, LONGEST_MS))
    this.look()
  }

  look(): void {
    if (this.#left) return
    for (const each of this.#interests) if (isReady(each)) return this.#end()
  }

  #end(): void {
    this.#leave()
    this.over.resolve()
  }

  stop(reason: unknown): void {
    if (this.#left) return
    this.#leave()
    this.over.reject(reason)
  }

  #leave(): void {
    this.#left = true
    for (const each of this.#interests) signalOf(each).off(this)
    this.#among.delete(this)
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }
}
