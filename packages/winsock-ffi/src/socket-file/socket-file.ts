/** removeSocketFile, removeOwnSocketFile, isSocketFile, socketFileId. */
import { lstatSync, unlinkSync } from 'node:fs'
import { fileError } from '../errors/file-error.ts'
import { system } from '../system.ts'
import { findFile, mayBeSocket } from './win32/find-file.ts'
import { removeSocketFile as onWindows } from './win32/remove-socket-file.ts'

const onPosix = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, 'unlink', `unix:${path}`)
  }
}

/**
 * Removes the file of an AF_UNIX socket; no file is no error. It asks nothing: its caller knows that nobody
 * listens there any more.
 *
 * ## Platform behaviour
 * On Windows the file is a reparse point that some versions of `fs.unlink` refuse; DeleteFileW takes it then.
 *
 * @throws SocketError `EACCES`, `EPERM` (the file of another user in a sticky directory), `EROFS`; its syscall is `unlink`.
 */
export const removeSocketFile: (path: string) => void = system === 'win32' ? onWindows : onPosix

const looksAsSocket = (path: string): boolean => {
  const found = findFile(path)
  return found !== undefined && mayBeSocket(found)
}

/**
 * True when there is the file of an AF_UNIX socket at the path, links not followed.
 *
 * ## Platform behaviour
 * On Windows an empty file counts as one: see `mayBeSocket`.
 */
export const isSocketFile: (path: string) => boolean =
  system === 'win32'
    ? looksAsSocket
    : (path) => lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false

/** A file system may reuse the number of a removed file. */
const byBirth = (path: string): string => {
  const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true })
  return `${dev}:${ino}:${birthtimeNs}`
}

const identify: (path: string) => string | undefined =
  system === 'win32' ? (path) => findFile(path)?.written.toString() : byBirth

/**
 * Identifies one socket file among others of the same name, whatever becomes of its mode and its owner; undefined for none,
 * and for one that cannot be looked at.
 *
 * ## Platform behaviour
 * On Windows it is the time of writing, whose clock moves 64 times a second.
 */
export const socketFileId = (path: string): string | undefined => {
  try {
    return identify(path)
  } catch {
    return undefined
  }
}

/** ENOTDIR: a part of the path was replaced by a file, so the socket file is not there any more. */
const GONE = new Set<string | undefined>(['ENOENT', 'ENOTDIR'])

/**
 * Removes a socket file if it is still the one with this identity; another one, or none, is no error.
 *
 * @param id - As `socketFileId` returned it when the socket was bound; undefined removes nothing.
 * @throws SocketError as {@link removeSocketFile}, also when this user may not look at the file any more.
 */
export const removeOwnSocketFile = (path: string, id: string | undefined): void => {
  if (id === undefined) return
  let found: string | undefined
  try {
    found = identify(path)
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code)) return
    throw fileError(error, 'unlink', `unix:${path}`)
  }
  if (found === id) removeSocketFile(path)
}
