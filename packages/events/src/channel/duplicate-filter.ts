/** DuplicateFilter: a message that arrives twice is handled once. */
import type { WireError } from '../errors/errors.ts'

/** How many failures are remembered, for messages whose refusal may not have reached the sender. */
const FAILURES = 1024

/**
 * What this end remembers of the messages that it got with a number, to handle each once: the highest number, the ones
 * that are being handled, and the last {@link FAILURES} that failed. Nothing else, however many messages came.
 */
export class DuplicateFilter {
  /** The highest number that was passed to a handler. */
  highest: number
  #began: number
  /**
   * No message from this number on was written before this end began to remember: even when the sender marks one as
   * repeated, it was not handled.
   */
  freshFrom = 1
  readonly #open = new Set<number>()
  /** Put off by their handler: the same number comes again, and is new. */
  readonly #deferred = new Set<number>()
  readonly #failures = new Map<number, WireError>()

  constructor(highest: number) {
    this.highest = highest
    this.#began = highest
  }

  /** A message was passed to a handler since this end began to remember. */
  get used(): boolean {
    return this.highest > this.#began
  }

  /**
   * What is known of a message that came again: it is being handled (`open`), it failed, or it is done.
   */
  known(seq: number): 'open' | 'done' | WireError {
    if (this.#open.has(seq)) return 'open'
    return this.#failures.get(seq) ?? 'done'
  }

  /** How many messages were put off and have not come again. */
  get deferredCount(): number {
    return this.#deferred.size
  }

  defer(seq: number): void {
    this.#open.delete(seq)
    this.#deferred.add(seq)
  }

  /** True for a number that was put off; it is under way from now on. */
  takeDeferred(seq: number): boolean {
    return this.#deferred.size > 0 && this.#deferred.delete(seq)
  }

  /** Forgets everything: from here on the other end counts anew. */
  begin({ base, next }: { readonly base: number; readonly next: number }): void {
    this.highest = base - 1
    this.#began = base - 1
    this.freshFrom = next
    this.#failures.clear()
    this.#deferred.clear()
  }

  /** The handler will end later. */
  open(seq: number): void {
    this.#open.add(seq)
  }

  end(seq: number): void {
    this.#open.delete(seq)
  }

  failed(seq: number, error: WireError): void {
    this.#open.delete(seq)
    this.#failures.set(seq, error)
    if (this.#failures.size > FAILURES) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest)
        break
      }
    }
  }
}
