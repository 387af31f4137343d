/** What this thread holds open. A thread of a Worker that ends closes it: the process lives on, and would keep it. */
import { inWorker } from './in-worker.ts'
import type { SharedState } from './state.ts'

/** One reference to a handle, and how the handle is closed by the last one. */
export interface OpenHandle {
  readonly state: SharedState
  readonly destroy: (state: SharedState) => void
}

/** Releases the reference, and closes the handle if it was the last. */
export const closeReference = ({ state, destroy }: OpenHandle): void => {
  if (state.release()) destroy(state)
}

const held = new Set<OpenHandle>()

const closeAll = (): void => {
  for (const each of held) {
    try {
      closeReference(each)
    } catch {
      // The thread ends, and no code is left to report it to; the other handles are closed all the same.
    }
  }
  held.clear()
}

let watched = false

/** Notes a reference that this thread holds. The handles of the main thread go with the process. */
export const noteOpen = (handle: OpenHandle): void => {
  if (!inWorker()) return
  if (!watched) process.once('exit', closeAll)
  watched = true
  held.add(handle)
}

/** Forgets a reference that was closed, or went to another thread. */
export const forgetOpen = (handle: OpenHandle): void => {
  held.delete(handle)
}
