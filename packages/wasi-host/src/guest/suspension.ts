/** jspi, inThread: how a guest waits for a promise. */
import type { HostCall } from '../abi/link.ts'
import { SuspensionLimit } from './stack-limit.ts'
import { engine, type WasmValue } from '../module/engine.ts'
import { waitsApart, type SuspendableCall } from './waits-apart.ts'

/** How the guest is made to wait in the calls of its host, in the thread that runs it. */
export interface Waiting {
  /** What the module imports for calls that may wait. */
  suspending(calls: readonly SuspendableCall[]): unknown[]
  /** An export as something that may be waited for. */
  promising(fn: unknown): (...args: WasmValue[]) => unknown
}

/**
 * The engine switches stacks: a call that returns a promise suspends the guest, and this thread goes on. After a call that
 * returns a number the guest goes on in the same turn of the loop: V8 makes it wait for its microtasks at most.
 */
export const suspendedWithin = (limit: SuspensionLimit): Waiting => ({
  suspending: (calls) => waitsApart(calls, (call) => new engine.Suspending!(call)),
  promising: (fn) => {
    const call = engine.promising!(fn)
    return (...args) => {
      const ended = limit.count()
      return call(...args).finally(ended)
    }
  },
})

/** Of all guests of this process. */
export const jspi: Waiting = suspendedWithin(new SuspensionLimit())

const neverWaiting =
  (call: HostCall): HostCall =>
  (...args) => {
    const result = call(...args)
    if (!(result instanceof Promise)) return result
    result.catch(() => {})
    throw new engine.RuntimeError(
      'the component made a call that waits and is not async, which needs an engine that can suspend WebAssembly: Node 24.20 and newer',
    )
  }

/** The guest returns to wait, and goes on by its callback: no call may have to wait. What engines without JSPI have for 0.3. */
export const inLoop: Waiting = {
  suspending: (calls) => calls.map(({ call }) => neverWaiting(call)),
  promising: (fn) => fn as (...args: unknown[]) => unknown,
}

/** The calls wait themselves, by blocking the thread: of a worker with Atomics.wait, or in the system. */
export const inThread: Waiting = {
  suspending: (calls) => calls.map(({ call }) => call),
  promising: (fn) => fn as (...args: unknown[]) => unknown,
}
