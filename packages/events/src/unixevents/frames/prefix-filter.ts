/** The prefixes `s-` and `c-` of events. No Node in here. */
import type { Prefix } from './frame-encoder.ts'

/** Takes the prefix off the events of the other end. */
export class PrefixFilter {
  readonly #theirs: Prefix
  #event = ''
  #name: string | undefined

  /** @param own - the prefix that this end writes; it listens for the other one. */
  constructor(own: Prefix) {
    this.#theirs = own === 's-' ? 'c-' : 's-'
  }

  /** The name of an event without its prefix; undefined when it is not for this end. */
  nameOf(event: string): string | undefined {
    // Most often it is the event of the frame before: the very same string then.
    if (event !== this.#event) {
      this.#event = event
      this.#name = event.startsWith(this.#theirs) ? event.slice(this.#theirs.length) : undefined
    }
    return this.#name
  }
}
