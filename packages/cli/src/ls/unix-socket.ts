/** A socket of Linux, before it becomes a row. */
import type { Entry } from './entry.ts'

/** A socket of unix_diag, or of a line of /proc/net/unix (proc_net(5)). */
export interface UnixSocket {
  readonly inode: number
  readonly type: Entry['type']
  readonly listening: boolean
  readonly connected: boolean
  /** With @ in place of the first NUL of an abstract name. */
  readonly path: string | undefined
  /** The inode of the socket file, which unix_diag knows. */
  readonly fileInode?: number | undefined
  /** The user who made the socket, which unix_diag knows since Linux 5.3. */
  readonly uid?: number | undefined
}
