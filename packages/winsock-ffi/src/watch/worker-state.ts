/** What the watching thread tells its worker, in one shared integer. */
export const IDLE = 0
export const WAITING = 1
export const CLOSING = 2
