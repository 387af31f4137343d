/** unreadBytes: how much the peer has not read yet. */
import type { Duplex } from 'node:stream'
import { libc } from '@uds/winsock-ffi'
import { canSeeUnread } from '../channel/platform.ts'

/** `SIOCOUTQ`, which is `TIOCOUTQ` (<asm-generic/ioctls.h>; the same on x86 and ARM). */
const SIOCOUTQ = 0x5411

/**
 * How much of what was written the peer has not read: at least that many bytes, as the system counts its buffers, and 0
 * only when all of it is read (`unix_outq_len` in net/unix/af_unix.c). Undefined where that cannot be known: without
 * koffi, and on other systems than Linux.
 */
export const unreadBytes = (socket: Duplex): number | undefined => {
  if (!canSeeUnread) return undefined
  const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd
  if (fd === undefined || fd < 0) return undefined
  const count = new Int32Array(1)
  try {
    return libc.ioctl.attempt(fd, SIOCOUTQ, count) < 0 ? undefined : count[0]
  } catch {
    // koffi is not installed.
    return undefined
  }
}
