/** Listeners: the listeners of names, changed while they run. */
import { invalidArgument } from '@uds/winsock-ffi'

/** A listener: what it returns may be a promise, whose end is the end of the handling. */
export type Listener = (...args: never[]) => unknown

interface Entry {
  readonly call: (...args: unknown[]) => unknown
  /** The function that `off` receives. */
  readonly original: Listener
}

const none: readonly Entry[] = []

/**
 * The listeners of names. Lists are copied when they change, never while they are walked, so a listener may add and
 * remove listeners.
 */
export class Listeners {
  readonly #lists = new Map<string, readonly Entry[]>()
  #any: readonly Entry[] = none

  add(name: string, listener: Listener): void {
    this.#add(name, listener, listener as Entry['call'])
  }

  addOnce(name: string, listener: Listener): void {
    this.#add(name, listener, (...args) => {
      this.remove(name, listener)
      return (listener as Entry['call'])(...args)
    })
  }

  /** Removes the listener that was added last, if it is there. */
  remove(name: string, listener: Listener): void {
    const list = this.#lists.get(name)
    const at = list?.findLastIndex(({ original }) => original === listener) ?? -1
    if (list === undefined || at < 0) return
    if (list.length === 1) this.#lists.delete(name)
    else this.#lists.set(name, list.toSpliced(at, 1))
  }

  /** Removes every listener of the name. */
  removeAll(name: string): void {
    this.#lists.delete(name)
  }

  /** Listens to every name; returns the function that ends it. */
  addAny(listener: (name: string, ...args: unknown[]) => unknown): () => void {
    const entry: Entry = { call: listener as Entry['call'], original: listener }
    this.#any = [...this.#any, entry]
    return () => {
      this.#any = this.#any.filter((other) => other !== entry)
    }
  }

  has(name: string): boolean {
    return this.#any.length > 0 || this.#lists.has(name)
  }

  /**
   * Calls the listeners of a name, each for itself: one that throws, or rejects, is passed to `failed`, and the others
   * run all the same.
   *
   * @returns undefined when all are done, else a promise of the end of those that return promises; it never rejects
   */
  call(
    name: string,
    args: readonly unknown[],
    failed: (error: unknown) => void,
  ): Promise<unknown> | undefined {
    let waiting: Promise<unknown>[] | undefined
    const run = (entry: Entry, values: readonly unknown[]): void => {
      try {
        const result = entry.call(...values)
        if (isThenable(result)) (waiting ??= []).push(Promise.resolve(result).then(undefined, failed))
      } catch (error) {
        failed(error)
      }
    }
    for (const entry of this.#lists.get(name) ?? none) run(entry, args)
    for (const entry of this.#any) run(entry, [name, ...args])
    if (waiting === undefined) return undefined
    return waiting.length === 1 ? waiting[0] : Promise.all(waiting)
  }

  /** The one listener of a name, where there is just one: the usual case, and the fast one. */
  single(name: string): ((...args: unknown[]) => unknown) | undefined {
    if (this.#any.length > 0) return undefined
    const list = this.#lists.get(name)
    return list !== undefined && list.length === 1 ? (list[0] as Entry).call : undefined
  }

  clear(): void {
    this.#lists.clear()
    this.#any = none
  }

  #add(name: string, original: Listener, call: Entry['call']): void {
    if (typeof original !== 'function') throw invalidArgument('on', 'listener', 'a function', original)
    this.#lists.set(name, [...(this.#lists.get(name) ?? none), { call, original }])
  }
}

/** True for promises and everything that can be awaited. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
