/** wakers: the events that wake a read or write of a pipe. */
import { WAKE } from '../../threads/cells.ts'
import type { Wakers } from '../../threads/state.ts'
import { traced } from '../../trace.ts'
import { closeHandle } from './close-handle.ts'
import { kernel32 } from '../../libraries/win32.ts'

const createEvent = (): number =>
  traced('CreateEventW', 'wake', () => kernel32.CreateEventW(null, 0, 0, null))

/** An auto-reset event for each direction: the call that is woken takes the wake-up with it. */
export const wakers: Wakers = {
  create: () => [createEvent(), createEvent()],
  wake: (cells, direction) => {
    const event = Atomics.load(cells, WAKE + direction)
    traced('SetEvent', event, () => kernel32.SetEvent.attempt(event))
  },
  dispose: (pair) => pair.forEach(closeHandle),
  leavesThread: () => {},
}
