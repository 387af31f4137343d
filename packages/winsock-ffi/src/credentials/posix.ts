/** peerCredentials of Linux (SO_PEERCRED) and macOS (getpeereid, LOCAL_PEERPID). */
import type { PeerCredentials } from './peer-credentials.ts'
import { darwin, linux, onDarwin } from '../constants/posix.ts'
import { libc } from '../libraries/posix/prototypes.ts'

const length = new Uint32Array(1)

/** What a socket without a peer shows: net/core/sock.c, cred_to_ucred. */
const NOBODY_YET = 0xffff_ffff

/**
 * SO_PEERCRED: who connected or called listen, as it was then (unix(7)).
 *
 * ```c
 * struct ucred { pid_t pid; uid_t uid; gid_t gid; };  // 12 bytes
 * ```
 */
const onLinux = (fd: number): PeerCredentials => {
  const ucred = new Uint32Array(3)
  length[0] = ucred.byteLength
  libc.getsockopt(fd, linux.SOL_SOCKET, linux.SO_PEERCRED, ucred, length)
  const [pid, uid, gid] = ucred
  // A process of another PID namespace has no number here, and shows as 0.
  if (uid === NOBODY_YET) return { pid: pid || undefined, uid: undefined, gid: undefined, sid: undefined }
  return { pid: pid || undefined, uid, gid, sid: undefined }
}

/** getpeereid(3) and LOCAL_PEERPID (xnu bsd/sys/un.h). */
const onMacos = (fd: number): PeerCredentials => {
  const uid = new Uint32Array(1)
  const gid = new Uint32Array(1)
  libc.getpeereid(fd, uid, gid)
  const pid = new Int32Array(1)
  length[0] = pid.byteLength
  libc.getsockopt(fd, darwin.SOL_LOCAL, darwin.LOCAL_PEERPID, pid, length)
  return { pid: pid[0] || undefined, uid: uid[0], gid: gid[0], sid: undefined }
}

export const peerCredentials: (fd: number) => PeerCredentials = onDarwin ? onMacos : onLinux
