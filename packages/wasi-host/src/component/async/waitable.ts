/** What a task of a component can wait for, and sets of such. */
import type { Handles } from '../handles.ts'
import { trap } from '../trap.ts'

/** The codes of events: CanonicalABI.md, "Waitable State". */
export const NO_EVENT = 0
export const SUBTASK = 1
export const STREAM_READ = 2
export const STREAM_WRITE = 3
export const FUTURE_READ = 4
export const FUTURE_WRITE = 5

/** Is called once when a set has an event. */
export interface SetWaiter {
  woken(): void
}

export class WaitableSet {
  readonly #ready: Waitable[] = []
  #members = 0
  #waiter: SetWaiter | undefined

  joined(): void {
    this.#members += 1
  }

  left(): void {
    this.#members -= 1
  }

  /** A member has an event. */
  arrived(member: Waitable): void {
    this.#ready.push(member)
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.woken()
  }

  /** The first member that has an event. Those whose event was taken otherwise are still in the queue. */
  next(): Waitable | undefined {
    for (;;) {
      const member = this.#ready[0]
      if (member === undefined || (member.pending && member.set === this)) return member
      if (this.#ready.length === 1) this.#ready.pop()
      else this.#ready.shift()
    }
  }

  /** Calls a waiter at the next event; there is none now. */
  wait(waiter: SetWaiter): void {
    if (this.#waiter) trap('two tasks wait for one set')
    this.#waiter = waiter
  }

  drop(): void {
    if (this.#members > 0) trap(`the set still has ${this.#members} members`)
    if (this.#waiter) trap('a task waits for the set')
  }
}

export abstract class Waitable {
  /** Its handle. */
  index = 0
  /** The code of its events. */
  abstract readonly code: number
  set: WaitableSet | undefined
  /** It has an event that was not delivered. */
  pending = false
  #payload = 0
  /** A call of the guest waits for the event, and no set. */
  #waiter: (() => void) | undefined

  /** It has an event now. */
  protected happened(payload: number): void {
    this.#payload = payload
    this.pending = true
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter) waiter()
    else this.set?.arrived(this)
  }

  /** Delivers the event; returns its payload. */
  collect(): number {
    this.pending = false
    this.delivered()
    return this.#payload
  }

  protected delivered(): void {}

  /** Waits for the event without a set. */
  wait(waiter: () => void): void {
    if (this.set) trap('a call waits for something that is in a set')
    this.#waiter = waiter
  }

  join(set: WaitableSet | undefined): void {
    if (this.#waiter) trap('a call waits for it already')
    this.set?.left()
    this.set = set
    set?.joined()
    if (set && this.pending) set.arrived(this)
  }

  /** It leaves the table of handles. */
  leave(): void {
    this.join(undefined)
  }
}

/** Adds it to the table, under a handle that it knows. */
export const addWaitable = (handles: Handles, waitable: Waitable): number => {
  waitable.index = handles.add(waitable)
  return waitable.index
}
