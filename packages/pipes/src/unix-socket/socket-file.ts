/** The socket file: bound under its lock, its mode, its removal. */
import { lstatSync, renameSync } from 'node:fs'
import {
  invalidValue,
  isSocketFile,
  removeOwnSocketFile,
  removeSocketFile,
  SocketError,
  socketFileId,
  sockets,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { fileError, privateName, withFileLockSync } from '@uds/winsock-ffi/internal'
import type { SharedState } from '../threads/state.ts'
import { traced } from '../trace.ts'
import { UnixSocketAddr } from './address.ts'
import type { BoundFile } from './bound-file.ts'
import { withUnixAddress } from './long-path.ts'
import { inUse, occupantOf } from './occupant.ts'
import { socketSystem as system } from './system/select.ts'

/** Runs an action while no other process works on the same socket file. */
const locked = <T>(path: string, action: () => T): T => withFileLockSync(path, action, traced)

const bindTo = (socket: SocketHandle, address: UnixAddress): void => {
  traced('bind', address.toString(), () => sockets.bind(socket, address))
}

const unlink = (path: string): void => {
  traced('unlink', path, () => removeSocketFile(path))
}

export interface BindSettings {
  /** The permissions of the socket file, as 0o600; undefined leaves them to the umask. */
  readonly mode: number | undefined
  /** Remove a file that a dead server has left, instead of failing with EADDRINUSE. */
  readonly removeStale: boolean
  /** Replace the file of a server that lives. */
  readonly takeOver: boolean
}

/** Binds, in the place of a dead socket if there is one. */
const bindOrReplace = (
  socket: SocketHandle,
  address: UnixAddress,
  path: string,
  removeStale: boolean,
): void => {
  try {
    bindTo(socket, address)
  } catch (error) {
    if (!removeStale || !(error instanceof SocketError) || error.code !== 'EADDRINUSE') throw error
    let occupant = occupantOf(address, path, socket.type)
    if (occupant === 'a server' && system.closeOrphans(path))
      occupant = occupantOf(address, path, socket.type)
    if (occupant !== 'a dead socket') throw inUse(error, occupant, path)
    unlink(path)
    bindTo(socket, address)
  }
}

/** What identifies the file that bind has made; undefined when something else is there by now. */
const identityOf = (path: string): string | undefined => {
  try {
    return isSocketFile(path) ? socketFileId(path) : undefined
  } catch {
    return undefined
  }
}

/** Removes the file of a bind that has failed. What went wrong first is what the caller has to hear. */
const undo = (path: string, identity: string | undefined): void => {
  try {
    if (identity !== undefined && socketFileId(path) === identity) unlink(path)
  } catch {
    // The directory was taken away, or made read-only, since bind: then nothing can be removed.
  }
}

/** @throws SocketError `EADDRINUSE` for what is no socket. */
const requireSocket = (path: string): void => {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined || isSocketFile(path)) return
  throw new SocketError({
    code: 'EADDRINUSE',
    syscall: 'bind',
    address: `unix:${path}`,
    detail: 'the path names something that is no socket, and only sockets are taken over',
    advice: 'choose another path, or move it away',
  })
}

/** Binds and listens under a name of its own, which then replaces the path: no client finds nobody. */
const bindOver = (
  socket: SocketHandle,
  path: string,
  settings: BindSettings,
  listen: () => void,
): string | undefined => {
  const own = privateName(path)
  const beside = UnixSocketAddr.fromPathname(own)
  const identity = bindFile(socket, beside, { ...settings, takeOver: false }, listen)
  try {
    locked(path, () => {
      requireSocket(path)
      traced('rename', path, () => renameSync(own, path))
    })
    return identity
  } catch (error) {
    undo(own, identity)
    throw error instanceof SocketError ? error : fileError(error, 'rename', `unix:${path}`)
  }
}

/**
 * Binds. When it fails half-way, no file is left.
 *
 * @param listen - Makes the socket reachable; the mode is right by then.
 * @returns What identifies the file, so that close does not remove another one's.
 */
export const bindFile = (
  socket: SocketHandle,
  address: UnixSocketAddr,
  settings: BindSettings,
  listen: () => void,
): string | undefined => {
  const path = address.asPathname()
  if (path === undefined) {
    if (settings.takeOver)
      throw invalidValue(
        'bind',
        'takeOver',
        'needs a path: an abstract name cannot be taken over',
        address.toString(),
      )
    bindTo(socket, address.address)
    listen()
    return undefined
  }
  if (settings.takeOver && system.hasModes) return bindOver(socket, path, settings, listen)
  const { mode, removeStale, takeOver } = settings
  return withUnixAddress(address, 'bind', (to) =>
    locked(path, () => {
      if (mode !== undefined) system.prepareMode(socket.fd, mode)
      if (takeOver) {
        requireSocket(path)
        unlink(path)
      }
      bindOrReplace(socket, to, path, removeStale)
      const identity = identityOf(path)
      try {
        if (mode !== undefined) system.setFileMode(path, mode)
        system.markThread(socket.fd)
        listen()
        return identity
      } catch (error) {
        undo(path, identity)
        throw error
      }
    }),
  )
}

/** Removes the file of a socket that was closed, unless it is another one's by now. */
const removeFile = (path: string, identity: string | undefined): void => {
  locked(path, () => traced('unlink', path, () => removeOwnSocketFile(path, identity)))
}

/** Closes a socket whose last reference is gone, and removes its file. */
export const closeSocket = (state: SharedState, file?: BoundFile): void => {
  system.close(state.handle)
  state.dispose()
  if (file?.path !== undefined) removeFile(file.path, file.identity)
}

/** Opens a socket and binds it; closes it when that fails. */
export const openBound = <T>(
  type: 'stream' | 'datagram',
  use: (socket: SocketHandle) => T,
): { fd: number; result: T } => {
  const socket = traced('socket', 'unix', () => sockets.open('unix', type))
  try {
    const result = use(socket)
    return { fd: socket.release(), result }
  } catch (error) {
    socket.close()
    throw error
  }
}
