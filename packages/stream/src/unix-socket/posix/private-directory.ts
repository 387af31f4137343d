/**
 * A fresh directory that only this user can enter, and a path into it that no other user can redirect: another user who
 * may write the parent directory can put a directory or a link of his own in its place at any time.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { codeOf, ownUid, parentFault, system } from '@uds/winsock-ffi/internal'

/** <fcntl.h> of Linux: a descriptor of the place, which takes no rights on the directory itself (open(2)). */
const O_PATH = 0o10_000_000

export interface PrivateDirectory {
  /** As it was made, for bind. */
  readonly path: string
  /** For every change of what is inside. */
  readonly safePath: string
  /** Removes it, if it is empty, and closes its descriptor. */
  close(): void
}

const refuse = (directory: string, detail: string): SocketError =>
  new SocketError({
    code: 'EACCES',
    syscall: 'listen',
    address: directory,
    detail,
    advice: 'listen in a directory that only this user may change, or without mode, uid and gid',
  })

/** A directory of this user without rights for others is the one that was made, or one as good. */
const check = (directory: string, found: Stats): void => {
  if (found.uid !== ownUid())
    throw refuse(directory, `the directory that was made belongs to uid ${found.uid} now`)
  if ((found.mode & 0o077) !== 0) throw refuse(directory, 'the directory that was made is another one now')
}

/** proc(5): /proc/self/fd leads to the directory itself, wherever it has been moved. */
const openOnLinux = (directory: string): PrivateDirectory | undefined => {
  const fd = openSync(directory, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const found = fstatSync(fd)
    check(directory, found)
    const safePath = `/proc/self/fd/${fd}`
    if (!leadsTo(safePath, found)) {
      closeSync(fd)
      return undefined
    }
    // The umask may have taken rights of this user.
    if ((found.mode & 0o700) !== 0o700) chmodSync(safePath, 0o700)
    const close = (): void => {
      closeSync(fd)
      rmdirSync(directory)
    }
    return { path: directory, safePath, close }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** False without /proc, and under --permission. */
const leadsTo = (path: string, expected: Stats): boolean => {
  try {
    const found = statSync(path)
    return found.ino === expected.ino && found.dev === expected.dev
  } catch {
    return false
  }
}

/** Without such a path nobody else may be able to rename a directory above. */
const requireUnchangeable = (directory: string): void => {
  const fault = parentFault(dirname(directory), ownUid())
  if (fault !== undefined) throw refuse(directory, `while mode and owner are set, ${fault}`)
}

const openElsewhere = (directory: string): PrivateDirectory => {
  requireUnchangeable(directory)
  check(directory, lstatSync(directory))
  chmodSync(directory, 0o700)
  return { path: directory, safePath: directory, close: () => rmdirSync(directory) }
}

const open = (directory: string): PrivateDirectory =>
  (system === 'linux' ? openOnLinux(directory) : undefined) ?? openElsewhere(directory)

/**
 * Makes the directory; mkdir(2) fails on anything that has its name already.
 *
 * @throws What the system answers; SocketError `EACCES` when another user has changed it meanwhile, or could.
 */
export const makePrivateDirectory = (directory: string): PrivateDirectory => {
  mkdirSync(directory, 0o700)
  try {
    return open(directory)
  } catch (error) {
    try {
      rmdirSync(directory)
    } catch {
      // It is not there any more, or not ours.
    }
    throw error
  }
}

/**
 * Makes the directory, or enters it where another process of this user has made it.
 *
 * @throws As {@link makePrivateDirectory}; SocketError `EACCES` for a directory of another user, or one open to others.
 */
export const enterPrivateDirectory = (directory: string): PrivateDirectory => {
  try {
    return makePrivateDirectory(directory)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return open(directory)
  }
}
