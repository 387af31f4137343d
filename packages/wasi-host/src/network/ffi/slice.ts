/** A thread that waits in the system cannot be ended: so long it waits at most before it looks whether it is to. */
export const SLICE_MS = 50
