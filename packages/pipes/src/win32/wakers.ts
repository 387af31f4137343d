import { WAKE } from '../threads/cells.ts'
import type { Wakers } from '../threads/state.ts'
import { kernel32 } from './prototypes.ts'

/** An auto-reset event for each direction: the call that is woken takes the wake-up with it. */
export const wakers: Wakers = {
  create: () => [kernel32.CreateEventW(null, 0, 0, null), kernel32.CreateEventW(null, 0, 0, null)],
  wake: (cells, direction) => {
    kernel32.SetEvent.attempt(Atomics.load(cells, WAKE + direction))
  },
  dispose: (pair) => pair.forEach((event) => kernel32.CloseHandle.attempt(event)),
}
