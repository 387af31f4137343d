/** What the objects of one pipe share beside the common cells. */
import { DRIVER } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'

const SERVER = 1
const MESSAGE = 2

export interface PipeTraits {
  /** This is the server's end. */
  readonly server: boolean
  /** The pipe carries messages. */
  readonly message: boolean
}

export const setTraits = (state: SharedState, { server, message }: PipeTraits): void => {
  state.cells[DRIVER] = (server ? SERVER : 0) | (message ? MESSAGE : 0)
}

export const isServer = (state: SharedState): boolean => (state.cells[DRIVER]! & SERVER) !== 0
export const isMessageMode = (state: SharedState): boolean => (state.cells[DRIVER]! & MESSAGE) !== 0

/** At least as many bytes as the peer has not read: what was written since the pipe was last known to be empty. */
export const unreadBound = (state: SharedState): number => state.cells[DRIVER + 1]!
export const setUnreadBound = (state: SharedState, bytes: number): void => {
  state.cells[DRIVER + 1] = Math.min(bytes, 2 ** 30)
}
