/** Listeners: the listeners of names, changed while they run. */
import { invalidArgument } from '@uds/winsock-ffi'
import { isPattern, matcherOf } from './patterns.ts'

/** A listener: what it returns may be a promise, whose end is the end of the handling. */
export type Listener = (...args: never[]) => unknown

interface Entry {
  readonly call: (...args: unknown[]) => unknown
  /** The function that `off` receives. */
  readonly original: Listener
}

interface PatternEntry extends Entry {
  readonly pattern: string
  readonly matches: (name: string) => boolean
}

const none: readonly Entry[] = []

/** Names whose patterns are remembered: a peer can send any number of them. */
const MOST_MATCHED = 4096

/**
 * The listeners of names. Lists are copied when they change, never while they are walked, so a listener may add and
 * remove listeners.
 */
export class Listeners {
  readonly #lists = new Map<string, readonly Entry[]>()
  #any: readonly Entry[] = none
  #patterns: readonly PatternEntry[] = []
  /** The patterns that match a name, as far as they were looked for. */
  readonly #matched = new Map<string, readonly Entry[]>()
  /** There are listeners that are found in another way than by the name. */
  #wide = false

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
    if (isPattern(name)) {
      const last = this.#patterns.findLastIndex(
        ({ pattern, original }) => pattern === name && original === listener,
      )
      if (last >= 0) this.#setPatterns(this.#patterns.toSpliced(last, 1))
      return
    }
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
    this.#wide = true
    return () => {
      this.#any = this.#any.filter((other) => other !== entry)
      this.#setPatterns(this.#patterns)
    }
  }

  #setPatterns(patterns: readonly PatternEntry[]): void {
    this.#patterns = patterns
    this.#matched.clear()
    this.#wide = patterns.length > 0 || this.#any.length > 0
  }

  #matching(name: string): readonly Entry[] {
    if (this.#patterns.length === 0) return none
    let found = this.#matched.get(name)
    if (found === undefined) {
      found = this.#patterns.filter(({ matches }) => matches(name))
      if (this.#matched.size >= MOST_MATCHED) this.#matched.clear()
      this.#matched.set(name, found)
    }
    return found
  }

  has(name: string): boolean {
    return this.#lists.has(name) || (this.#wide && (this.#any.length > 0 || this.#matching(name).length > 0))
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
    if (this.#wide) {
      for (const entry of this.#matching(name)) run(entry, args)
      for (const entry of this.#any) run(entry, [name, ...args])
    }
    if (waiting === undefined) return undefined
    return waiting.length === 1 ? waiting[0] : Promise.all(waiting)
  }

  /** The one listener of a name, where there is just one: the usual case, and the fast one. */
  single(name: string): ((...args: unknown[]) => unknown) | undefined {
    if (this.#wide) return undefined
    const list = this.#lists.get(name)
    return list !== undefined && list.length === 1 ? (list[0] as Entry).call : undefined
  }

  clear(): void {
    this.#lists.clear()
    this.#any = none
    this.#setPatterns([])
  }

  #add(name: string, original: Listener, call: Entry['call']): void {
    if (typeof original !== 'function') throw invalidArgument('on', 'listener', 'a function', original)
    if (isPattern(name)) {
      const entry = { call, original, pattern: name, matches: matcherOf(name) }
      this.#setPatterns([...this.#patterns, entry])
      return
    }
    this.#lists.set(name, [...(this.#lists.get(name) ?? none), { call, original }])
  }
}

/** True for promises and everything that can be awaited. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
