/** The handles of a component: numbers of resources, one table for all types. */
import { trap } from './trap.ts'

/** A resource by the class that it is of. */
export type Class<T> = abstract new (...args: never[]) => T

/** Resources that are open at a time: a hostile component makes more. */
const MOST_HANDLES = 65_536

export class Handles {
  readonly #resources = new Map<number, object>()
  readonly #free: number[] = []
  #next = 1

  add(resource: object): number {
    if (this.#resources.size >= MOST_HANDLES) return trap(`the component has ${MOST_HANDLES} resources open`)
    const handle = this.#free.pop() ?? this.#next++
    this.#resources.set(handle, resource)
    return handle
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
    this.#free.push(handle)
    return found
  }

  get size(): number {
    return this.#resources.size
  }
}
