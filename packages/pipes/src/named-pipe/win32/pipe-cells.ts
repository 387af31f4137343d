/** What the objects of one pipe share beside the common cells. */
import { DRIVER } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'

const SERVER = 1
const MESSAGE = 2
const NO_READ = 4
const NO_WRITE = 8

/** Which way the bytes of a pipe go, as the server sees it. */
export type PipeDirection = 'both' | 'in' | 'out'

export interface PipeTraits {
  /** This is the server's end. */
  readonly server: boolean
  /** The pipe carries messages. */
  readonly message: boolean
  readonly direction: PipeDirection
}

export const setTraits = (state: SharedState, { server, message, direction }: PipeTraits): void => {
  const reads = direction === 'both' || (direction === 'in') === server
  const writes = direction === 'both' || (direction === 'out') === server
  state.cells[DRIVER] =
    (server ? SERVER : 0) | (message ? MESSAGE : 0) | (reads ? 0 : NO_READ) | (writes ? 0 : NO_WRITE)
}

export const isServer = (state: SharedState): boolean => (state.cells[DRIVER]! & SERVER) !== 0
export const isMessageMode = (state: SharedState): boolean => (state.cells[DRIVER]! & MESSAGE) !== 0

/** This end has nothing to read, or may not write: the pipe has one way. */
export const mayRead = (state: SharedState): boolean => (state.cells[DRIVER]! & NO_READ) === 0
export const mayWrite = (state: SharedState): boolean => (state.cells[DRIVER]! & NO_WRITE) === 0

/** At least as many bytes as the peer has not read: what was written since the pipe was last known to be empty. */
export const unreadBound = (state: SharedState): number => state.cells[DRIVER + 1]!
export const setUnreadBound = (state: SharedState, bytes: number): void => {
  state.cells[DRIVER + 1] = Math.min(bytes, 2 ** 30)
}
