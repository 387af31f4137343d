/** Lender: what a call needs for its time is lent to it, and kept for the next. */
import { inWorker } from '../../threads/in-worker.ts'

/**
 * Lends what a thread needs for a call and keeps it for the next one: there is mostly one, and a second when a subscriber
 * of the trace makes a call meanwhile. When a Worker ends by itself all are disposed of; those of the main thread go with
 * the process.
 */
export class Lender<T> {
  readonly #make: () => T
  readonly #dispose: (thing: T) => void
  readonly #free: T[] = []
  #watched = false

  constructor(make: () => T, dispose: (thing: T) => void) {
    this.#make = make
    this.#dispose = dispose
  }

  lend<R>(use: (thing: T) => R): R {
    if (!this.#watched) {
      this.#watched = true
      if (inWorker()) process.once('exit', () => this.#free.splice(0).forEach(this.#dispose))
    }
    const thing = this.#free.pop() ?? this.#make()
    try {
      return use(thing)
    } finally {
      this.#free.push(thing)
    }
  }
}
