/** sidOfProcess, and the process at the other end of a socket of Windows. */
import { SocketError } from '../errors/socket-error.ts'
import type { PeerCredentials } from './peer-credentials.ts'
import {
  PROCESS_QUERY_LIMITED_INFORMATION,
  SIO_AF_UNIX_GETPEERPID,
  TOKEN_QUERY,
  TokenUser,
} from '../constants/win32.ts'
import { advapi32, kernel32, winsock } from '../libraries/win32/prototypes.ts'
import { sidToString } from './sid.ts'

/** The user of an open token, as text. */
const userOf = (token: number): string => {
  // struct TOKEN_USER { SID_AND_ATTRIBUTES { PSID Sid; DWORD Attributes; } }, then the SID itself: 68 bytes at most.
  const info = Buffer.alloc(16 + 68)
  const length = new Uint32Array(1)
  advapi32.GetTokenInformation(token, TokenUser, info, info.length, length)
  return sidToString(info.subarray(16, length[0]))
}

/**
 * The user whom a process runs as.
 *
 * @throws SocketError `EACCES` when this user may not ask, `EINVAL` when there is no such process any more.
 */
export const sidOfProcess = (pid: number): string => {
  const process = kernel32.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid)
  try {
    const token = new BigInt64Array(1)
    advapi32.OpenProcessToken(process, TOKEN_QUERY, token)
    try {
      return userOf(Number(token[0]))
    } finally {
      kernel32.CloseHandle(Number(token[0]))
    }
  } finally {
    kernel32.CloseHandle(process)
  }
}

/**
 * SIO_AF_UNIX_GETPEERPID, then the user of that process. The length that the ioctl returns may be 0 although the
 * answer is right (https://github.com/microsoft/WSL/issues/4676), so it is not looked at.
 */
export const peerCredentials = (socket: number): PeerCredentials => {
  const pid = new Uint32Array(1)
  const returned = new Uint32Array(1)
  winsock.WSAIoctl(socket, SIO_AF_UNIX_GETPEERPID, null, 0, pid, 4, returned, null, null)
  const peer = pid[0]!
  if (peer === 0) {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'WSAIoctl',
      detail: 'the system does not know the process at the other end',
    })
  }
  let sid: string | undefined
  try {
    sid = sidOfProcess(peer)
  } catch {
    // The process has ended, or belongs to a user whom this one may not ask about: then nobody vouches for it.
  }
  return { pid: peer, uid: undefined, gid: undefined, sid }
}
