/** The handles of a component: numbers of resources, one table for all types. */
import { trap } from './trap.ts'

/** A resource by the class that it is of. */
export type Class<T> = abstract new (...args: never[]) => T

/** Resources that are open at a time: a hostile component makes more. */
const MOST_HANDLES = 65_536

export class Handles {
  readonly #resources = new Map<number, object>()
  readonly #free: number[] = []
  /** Those that another component owns. */
  readonly #lent = new Set<number>()
  #next = 1

  add(resource: object): number {
    if (this.#resources.size >= MOST_HANDLES) return trap(`the component has ${MOST_HANDLES} resources open`)
    const handle = this.#free.pop() ?? this.#next++
    this.#resources.set(handle, resource)
    return handle
  }

  /** A handle of what is lent for a call. */
  lend(resource: object): number {
    const handle = this.add(resource)
    this.#lent.add(handle)
    return handle
  }

  /** Drops a handle of what is lent, and not the resource; false when it is owned. */
  giveBack(handle: number): boolean {
    if (!this.#lent.has(handle)) return false
    this.remove(Object, handle)
    return true
  }

  /** @throws RuntimeError when the handle is unknown or of another type: the component traps. */
  get<T extends object>(type: Class<T>, handle: number): T {
    const found = this.#resources.get(handle)
    if (found instanceof type) return found
    return trap(`the handle ${handle} is no ${type.name} of this component`)
  }

  remove<T extends object>(type: Class<T>, handle: number): T {
    const found = this.get(type, handle)
    this.#resources.delete(handle)
    this.#lent.delete(handle)
    this.#free.push(handle)
    return found
  }

  get size(): number {
    return this.#resources.size
  }
}
