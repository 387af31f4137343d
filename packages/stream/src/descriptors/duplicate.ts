/** Copies of descriptors: fcntl(2), F_DUPFD_CLOEXEC. */
import { Descriptor, libc } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'

/** <fcntl.h>: Linux F_LINUX_SPECIFIC_BASE + 6; macOS bsd/sys/fcntl.h */
const F_DUPFD_CLOEXEC = system === 'darwin' ? 67 : 1030

/** A copy that stays open when the first descriptor is closed. */
export const duplicate = (fd: number): Descriptor =>
  new Descriptor(libc.fcntl(fd, F_DUPFD_CLOEXEC, 3), 'the copy of a descriptor')

/** Copies of several descriptors: all of them, or none. */
export const duplicateAll = (fds: readonly number[]): Descriptor[] => {
  const copies: Descriptor[] = []
  try {
    for (const fd of fds) copies.push(duplicate(fd))
    return copies
  } catch (error) {
    for (const each of copies) each.close()
    throw error
  }
}
