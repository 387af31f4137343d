import { engine } from '../module/engine.ts'
import type { Waiting } from '../guest/suspension.ts'

/**
 * The engine switches stacks: a call that gives a promise suspends the guest, and this thread goes on. After a call that
 * gives a number the guest goes on in the same turn of the loop: V8 makes it wait for its microtasks at most.
 */
export const jspi: Waiting = {
  suspending: (call) => new engine.Suspending!(call as never),
  promising: (fn) => engine.promising!(fn),
}

/** The calls wait themselves, by blocking the thread: of a worker with Atomics.wait, or in the system. */
export const inThread: Waiting = {
  suspending: (call) => call,
  promising: (fn) => fn as (...args: unknown[]) => unknown,
}
