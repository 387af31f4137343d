/** Waiting for the peer to have read everything. */
import { sockets } from '@uds/winsock-ffi'
import { brokenPipe } from '../errors/errors.ts'
import { socketSystem as system } from './system/select.ts'
import { RESET, WAKE, WRITE } from '../threads/cells.ts'
import type { SharedState } from '../threads/state.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import { withSocket } from './waiting.ts'
import { GONE, WOKEN } from './system/socket-system.ts'

/** No event reports that the last byte was read, so it is asked for, less and less often. Milliseconds. */
const LONGEST_NAP = 20

/** The peer left bytes unread: the kernel remembers it as ECONNRESET (unix_release_sock in Linux' net/unix/af_unix.c). */
const wasReset = (state: SharedState): boolean => {
  if (state.has(RESET)) return true
  const error = withSocket(state, 'stream', 'getsockopt', (socket) => sockets.getOption(socket, 'SO_ERROR'))
  if (error === null) return false
  state.add(RESET)
  return true
}

const isThere = (state: SharedState): boolean => {
  const ready = system.wait(state.handle, undefined, -1, 0)
  return ready >= 0 && (ready & GONE) === 0
}

export const flush = (state: SharedState, timeoutMs: number | undefined): void => {
  const lock = new DirectionLock(state, WRITE, 'flush', timeoutMs)
  lock.enter()
  try {
    const wake = lock.concurrent ? state.cells[WAKE + WRITE]! : -1
    for (let nap = 1; ; nap = Math.min(LONGEST_NAP, 2 * nap)) {
      const unread = system.tellsUnread ? system.unread(state.handle) : 0
      if (unread < 0) throw system.failed(-unread, 'flush')
      if (!isThere(state)) {
        if (wasReset(state) || unread > 0) throw brokenPipe('flush')
        return
      }
      if (unread === 0) return
      const ms = lock.timeToWait()
      const ready = system.wait(state.handle, undefined, wake, ms < 0 ? nap : Math.min(nap, ms))
      if (ready < 0) throw system.failed(-ready, 'poll')
      if ((ready & WOKEN) !== 0) system.settle(wake)
    }
  } finally {
    lock.leave()
  }
}
