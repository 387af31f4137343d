/** Listeners: who listens to what, in a client for browsers. */
import { asError } from '../errors/remote-error.ts'
import { type ClientEvents, type Delivery, LOCAL } from './client-events.ts'
import { EventsError } from './errors.ts'

export type Listener = (...args: unknown[]) => unknown

export class Listeners {
  readonly #named = new Map<string, Set<Listener>>()

  add(name: string, listener: Listener): void {
    const listeners = this.#named.get(name) ?? new Set()
    this.#named.set(name, listeners.add(listener))
  }

  remove(name: string, listener: Listener): void {
    this.#named.get(name)?.delete(listener)
  }

  /**
   * Calls the listeners of an event of the server; a promise when one of them is not done.
   *
   * @param needed - That nobody listens is an error.
   */
  deliver(name: string, data: unknown, delivery: Delivery, needed: boolean): Promise<unknown> | undefined {
    if (LOCAL.has(name)) throw new EventsError('ERR_INVALID_NAME', `the event name '${name}' is reserved`)
    const listeners = this.#named.get(name)
    if (listeners === undefined || listeners.size === 0) {
      if (needed) throw new EventsError('ERR_NO_HANDLER', `nobody listens to '${name}'`)
      return undefined
    }
    const results: unknown[] = []
    for (const listener of listeners) {
      const result = listener(data, delivery)
      if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') results.push(result)
    }
    return results.length === 0 ? undefined : Promise.all(results)
  }

  /** Reports what happens to the connection. What a listener throws is an `error`; an `error` that nobody hears is on the console. */
  tell(name: keyof ClientEvents, ...args: unknown[]): void {
    const listeners = this.#named.get(name)
    if (name === 'error' && (listeners === undefined || listeners.size === 0)) console.error(args[0])
    for (const listener of listeners ?? []) {
      try {
        listener(...args)
      } catch (error) {
        if (name === 'error') console.error(error)
        else this.tell('error', asError(error))
      }
    }
  }
}
