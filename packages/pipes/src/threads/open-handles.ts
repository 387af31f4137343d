/**
 * What this thread holds open, and closes when it ends: a thread of a Worker all of it, as the process lives on and would
 * keep it; the main thread what has a socket file, which would stay.
 */
import { inWorker } from './in-worker.ts'
import type { SharedState } from './state.ts'
import type { TransferKind } from './token.ts'

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

/** Those that may be bound to a file. Of the main thread, all other handles go with the process. */
const WITH_FILES: ReadonlySet<TransferKind> = new Set<TransferKind>(['UnixListener', 'UnixDatagram'])

/** Notes a reference that this thread holds. */
export const noteOpen = (handle: OpenHandle, kind: TransferKind): void => {
  if (!WITH_FILES.has(kind) && !inWorker()) return
  if (!watched) process.once('exit', closeAll)
  watched = true
  held.add(handle)
}

/** Forgets a reference that was closed, or went to another thread. */
export const forgetOpen = (handle: OpenHandle): void => {
  held.delete(handle)
}
