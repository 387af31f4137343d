/** waitForChange: waits for another thread to change a word of shared memory. */
import { sleep } from '@uds/winsock-ffi'

/** How often the word is looked at where nobody can wake this thread. */
const LOOK_EVERY_MS = 1

let mayWait: boolean | undefined

/**
 * False in threads that V8 forbids to block, those of Electron's windows for one: `Atomics.wait` is a TypeError there,
 * which it throws before it looks at the word (here one that would not let it sleep).
 *
 * @see https://tc39.es/ecma262/#sec-dowait AgentCanSuspend
 */
const probe = (): boolean => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until a word in shared memory is no longer what it was, for `ms` at most (-1: for ever). It may wake early. */
export const waitForChange = (cells: Int32Array, at: number, was: number, ms: number): void => {
  mayWait ??= probe()
  if (mayWait) Atomics.wait(cells, at, was, ms < 0 ? Infinity : ms)
  else if (Atomics.load(cells, at) === was) sleep(ms < 0 ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, ms))
}
