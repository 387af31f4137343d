/** Which call of this process fails next, and how. */
import { interposeBackend, type Backend, type NativeFunction } from '@uds/winsock-ffi/internal'
import { DOCUMENTED, ERRNO, type Fault } from './documented.ts'

/** A fault that has happened. */
export interface Fired {
  /** The call. */
  readonly call: string
  readonly fault: Fault
}

/** Counts the calls of this thread, and makes one of them fail. */
export class Plan {
  #calls = 0
  #target = 0
  #choice = 0
  #errno: number | undefined
  /** How many faults the call at the target has; 0 until it is made. */
  choices = 0
  fired: Fired | undefined

  /** The call with this number, counted from now on, has its fault with that number; both from 1 and 0 on. 0: none. */
  arm(target: number, choice: number): void {
    this.#calls = 0
    this.#target = target
    this.#choice = choice
    this.choices = 0
    this.fired = undefined
  }

  #next(call: string, faults: readonly Fault[]): Fault | undefined {
    this.#calls += 1
    if (this.#calls !== this.#target) return undefined
    this.choices = faults.length
    const fault = faults[this.#choice]
    if (fault !== undefined) this.fired = { call, fault }
    return fault
  }

  #wrapped(call: string, native: NativeFunction): NativeFunction {
    const faults = DOCUMENTED[call]
    if (faults === undefined) return native
    return (...args) => {
      this.#errno = undefined
      const fault = this.#next(call, faults)
      if (fault === undefined) return native(...args)
      if (fault.kind === 'short')
        return native(args[0], args[1], Math.min(Number(args[2]), 1), ...args.slice(3))
      this.#errno = ERRNO[fault.code]
      return -1
    }
  }

  /** The backend with this plan before each of its calls. */
  before(backend: Backend): Backend {
    return {
      ...backend,
      load: (file) => {
        const library = backend.load(file)
        return {
          has: (name) => library.has(name),
          func: (name, result, args, variadic) =>
            this.#wrapped(name, library.func(name, result, args, variadic)),
        }
      },
      errno: () => this.#errno ?? backend.errno(),
    }
  }
}

/** Puts a plan before all calls of this thread. It comes before the first of them. */
export const plan: Plan = new Plan()
interposeBackend((backend) => plan.before(backend))
