import type { Outcome } from '../outcome/sync-promise.ts'
import type { Guest } from './abi.ts'

/** Closes a descriptor, whatever it is. */
export const closeDescriptor = (guest: Guest, fd: number): Outcome<number | void> => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'socket') {
    guest.fds.remove(fd)
    return guest.sockets.close(entry.id)
  }
  const errno = guest.wasi['fd_close']!(entry.host)
  if (errno === 0) guest.fds.remove(fd)
  return errno
}
