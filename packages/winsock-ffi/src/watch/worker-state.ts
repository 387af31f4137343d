/** The states of a worker that waits, in one integer that it shares with the thread that watches. */
export const IDLE = 0
export const WAITING = 1
export const CLOSING = 2
