/** What Linux knows of a peer beyond pid, uid and gid: its groups, its label, a descriptor of its process. */
import { SocketError } from '../errors/socket-error.ts'
import { linux } from '../constants/posix.ts'
import { libc } from '../libraries/posix/prototypes.ts'

const length = new Uint32Array(1)

/** Asks with more room until the value fits. @returns The value; undefined when the system answers `none`. */
const read = (fd: number, option: number, none: string): Uint8Array | undefined => {
  for (let room = 256; ;) {
    const value = new Uint8Array(room)
    length[0] = room
    try {
      libc.getsockopt(fd, linux.SOL_SOCKET, option, value, length)
      return value.subarray(0, length[0])
    } catch (error) {
      if (!(error instanceof SocketError)) throw error
      if (error.code === none) return undefined
      // The kernel has written the length that it needs.
      if (error.code !== 'ERANGE' || length[0] <= room) throw error
      room = length[0]
    }
  }
}

/** SO_PEERGROUPS: the supplementary groups; none without a peer. */
export const peerGroups = (fd: number): number[] => {
  const bytes = read(fd, linux.SO_PEERGROUPS, 'ENODATA') ?? new Uint8Array(0)
  return [...new Uint32Array(bytes.slice().buffer)]
}

/** SO_PEERSEC: the label of SELinux, AppArmor or Smack; undefined where no such module is active. */
export const peerLabel = (fd: number): string | undefined => {
  const bytes = read(fd, linux.SO_PEERSEC, 'ENOPROTOOPT')
  // Some modules end it with a NUL.
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1').replace(/\0$/, '')
}

/** SO_PEERPIDFD: a descriptor of the process, which is close-on-exec. */
export const peerPidfd = (fd: number): number => {
  const value = new Int32Array(1)
  length[0] = value.byteLength
  libc.getsockopt(fd, linux.SOL_SOCKET, linux.SO_PEERPIDFD, value, length)
  return value[0]!
}
