import type { Outcome } from '../outcome/sync-promise.ts'
import type { Guest } from './abi.ts'

/** Closes a descriptor, whatever it is. */
export const closeDescriptor = (guest: Guest, fd: number): Outcome<number | void> => {
  const entry = guest.table.get(fd)
  if (entry.kind === 'socket') {
    guest.table.remove(fd)
    return guest.sockets.close(entry.id)
  }
  const errno = guest.base['fd_close']!(entry.host)
  if (errno === 0) guest.table.remove(fd)
  return errno
}
