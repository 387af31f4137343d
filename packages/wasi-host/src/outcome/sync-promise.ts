/** A result that is there at once, or that is waited for. Ready data must never suspend the guest. */
export type Outcome<T> = T | SyncPromise<T>

/** What an outcome is in the end. */
export type Settled<O> = Exclude<O, SyncPromise<unknown>>

/**
 * A result that comes later, for one waiter, whose continuation runs in the very turn in which the result comes: with
 * promises every step on the way to the guest would be one more turn of the microtask queue, and those are most of what a
 * suspended call costs.
 */
export class SyncPromise<T> {
  #outcome: { readonly value: T } | { readonly error: unknown } | undefined
  // Not of T, so that a Later of something narrower is one of something wider.
  #onValue: ((value: never) => void) | undefined
  #onError: ((error: unknown) => void) | undefined

  static of<T>(promise: Promise<T>): SyncPromise<T> {
    const later = new SyncPromise<T>()
    promise.then(
      (value) => later.resolve(value),
      (error: unknown) => later.reject(error),
    )
    return later
  }

  resolve(value: T): void {
    if (this.#onValue) (this.#onValue as (value: T) => void)(value)
    else this.#outcome ??= { value }
  }

  reject(error: unknown): void {
    if (this.#onError) this.#onError(error)
    else this.#outcome ??= { error }
  }

  /** Calls one of both, once; at once if the result is there. */
  settle(onValue: (value: T) => void, onError: (error: unknown) => void): void {
    const outcome = this.#outcome
    if (!outcome) {
      this.#onValue = onValue
      this.#onError = onError
    } else if ('error' in outcome) onError(outcome.error)
    else onValue(outcome.value)
  }

  /** Goes on with the result, or with what it failed with. */
  follow<R>(next: (value: T) => Outcome<R>, failed?: (error: unknown) => Outcome<R>): SyncPromise<R> {
    const following = new SyncPromise<R>()
    const reject = (error: unknown): void => following.reject(error)
    const take = (outcome: Outcome<R>): void => {
      if (outcome instanceof SyncPromise) outcome.settle((value) => following.resolve(value), reject)
      else following.resolve(outcome)
    }
    this.settle(
      (value) => {
        let outcome: Outcome<R>
        try {
          outcome = next(value)
        } catch (error) {
          return reject(error)
        }
        return take(outcome)
      },
      failed
        ? (error) => {
            let outcome: Outcome<R>
            try {
              outcome = failed(error)
            } catch (thrown) {
              return reject(thrown)
            }
            return take(outcome)
          }
        : reject,
    )
    return following
  }

  promise(): Promise<T> {
    return new Promise((resolve, reject) => this.settle(resolve, reject))
  }
}

/** Goes on with a result: at once if it is there. */
export const after = <T, R>(outcome: Outcome<T>, next: (value: T) => Outcome<R>): Outcome<R> =>
  outcome instanceof SyncPromise ? outcome.follow(next) : next(outcome)

/** Goes on where an action fails, now or later. */
export const rescued = <T>(action: () => Outcome<T>, failed: (error: unknown) => T): Outcome<T> => {
  try {
    const outcome = action()
    return outcome instanceof SyncPromise ? outcome.follow(same<T>, failed) : outcome
  } catch (error) {
    return failed(error)
  }
}

const same = <T>(value: T): T => value

/** A result as a promise, wherever it stands. */
export const promised = <T>(outcome: Outcome<T>): Promise<T> =>
  outcome instanceof SyncPromise ? outcome.promise() : Promise.resolve(outcome)

/** What an attempt returns when it would have to wait. Not an exception: it is the ordinary case. */
export const NOT_YET: unique symbol = Symbol('not yet')
