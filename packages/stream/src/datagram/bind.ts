/** Binding where a process that ended has left its socket file. */
import { lstatSync, type Stats } from 'node:fs'
import {
  invalidArgument,
  refuses,
  sockets,
  SocketError,
  type SocketHandle,
  type SocketType,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { closeOrphans, randomPart, withFileLockSync } from '@uds/winsock-ffi/internal'
import { listenNow } from '../listener/raw-listener.ts'
import { moveAside } from '../unix-socket/posix/move-aside.ts'

/** Another process may take the path between two steps. */
const MAX_ATTEMPTS = 3

const inUse = (address: UnixAddress, detail: string, advice: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EADDRINUSE', syscall: 'bind', address: address.toString(), detail, advice, cause })

/** A socket that another process has; of another user, whom this one may not be allowed to ask, it may be one that is left. */
const taken = (address: UnixAddress, { uid }: Stats, cause: unknown): SocketError =>
  uid === process.geteuid?.()
    ? inUse(address, 'another process has a socket there', 'stop it, or choose another path', cause)
    : inUse(
        address,
        `a socket of another user (uid ${uid}) is there`,
        'choose another path; that user or root can remove a file that is left',
        cause,
      )

/**
 * Moves the file of a socket that no process has out of the way.
 *
 * @throws SocketError `EADDRINUSE` when a process has the socket, the path names no socket, or the file may not be removed.
 */
const removeStale = (address: UnixAddress, path: string, cause: unknown): void => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket())
    throw inUse(
      address,
      'the path names a file that is no socket',
      'choose another path, or move it away',
      cause,
    )
  if (!refuses(address) && !(closeOrphans(path) && refuses(address))) throw taken(address, found, cause)
  try {
    moveAside(path, `${path}.${randomPart()}`, found)
  } catch (failure) {
    throw inUse(
      address,
      'the socket file is left from a process that ended, and this user may not remove it',
      'remove it, or choose a path in a directory of this user',
      failure,
    )
  }
}

/**
 * Binds a socket, and replaces the file of one that no process has.
 *
 * @throws SocketError as `sockets.bind`.
 */
export const bindReplacingStale = (handle: SocketHandle, address: UnixAddress): void => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      sockets.bind(handle, address)
      return
    } catch (error) {
      const path = address.pathname
      const isInUse = error instanceof SocketError && error.code === 'EADDRINUSE'
      if (!isInUse || path === undefined || attempt === MAX_ATTEMPTS) throw error
      withFileLockSync(path, () => removeStale(address, path, error))
    }
  }
}

export interface ListenSocketOptions {
  readonly backlog?: number | undefined
  readonly removeStale?: boolean | undefined
}

/** Listens, by default over the file of a process that ended. @throws As {@link bindReplacingStale}, and `listenNow`. */
export const listenReplacingStale = (
  at: UnixAddress,
  type: SocketType,
  { backlog, removeStale: replaces = true }: ListenSocketOptions,
  where: string,
): SocketHandle => {
  if (typeof replaces !== 'boolean') throw invalidArgument(where, 'removeStale', 'a boolean', replaces)
  return listenNow(at, type, backlog, where, replaces ? bindReplacingStale : sockets.bind)
}
