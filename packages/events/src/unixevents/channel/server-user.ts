/** Whose server a client has connected to: checkServer. */
import { lstatSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { peerCredentials } from '@uds/stream'
import { SocketError } from '@uds/winsock-ffi'
import type { PeerCredentials } from '@uds/winsock-ffi'
import { ownUid, userDifference } from '@uds/winsock-ffi/internal'

/** The account of the system's own services: https://learn.microsoft.com/windows/win32/secauthz/well-known-sids */
const SYSTEM_SID = 'S-1-5-18'

/** Root, in a process that the system knows: a uid of 0 without one may mean unknown. */
const isRoot = ({ pid, uid, sid }: PeerCredentials): boolean =>
  (uid === 0 && pid !== undefined) || sid === SYSTEM_SID

const ownerDifference = (path: string): string | undefined => {
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === 0 || owner === ownUid()) return undefined
  return `has a file of uid ${owner}, and this process runs as uid ${ownUid()}`
}

/** Why the server is of another user; undefined for one of this user, or of root. */
const stranger = (connection: Duplex, path: string | undefined): string | undefined => {
  let server: PeerCredentials
  try {
    server = peerCredentials(connection)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EBADF') throw gone(path, error)
    // Without koffi the system cannot be asked. Windows shows no user of a process that belongs to another one.
    if (path !== undefined) return ownerDifference(path)
    return code === 'ENOTSUP' ? undefined : `cannot be asked for its user: ${message}`
  }
  return isRoot(server) ? undefined : userDifference(server)
}

/**
 * Every user may create a file in /tmp, or a named pipe, and so pretend to be the server of a channel. So a client asks
 * the connection who listens at its other end (SO_PEERCRED, unix(7)), before its first byte. The path would not do: the
 * file may be another one by the time of the connect. Only where the system does not vouch for peers, the owner of the
 * file has to do: /tmp lets nobody but its owner and root replace it (the sticky bit, inode(7)).
 *
 * @throws SocketError `EPERM` when the server belongs to another user than this one or root; `ECONNRESET` when the
 *   server has closed the connection already.
 */
export const checkServer = (connection: Duplex, address: string, path: string | undefined): void => {
  const why = stranger(connection, path)
  if (why === undefined) return
  throw new SocketError({
    code: 'EPERM',
    syscall: 'connect',
    address: path ?? address,
    detail: `the server of the channel ${why}`,
    advice: 'set anyOwner to trust it all the same',
  })
}

const gone = (address: string | undefined, cause: unknown): SocketError =>
  new SocketError({
    code: 'ECONNRESET',
    syscall: 'connect',
    address,
    detail: 'the server has closed the connection',
    cause,
  })
