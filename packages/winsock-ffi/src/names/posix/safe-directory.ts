/** Whether the directories on the way to a socket are safe from other users. */
import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { userNamespace } from '../../identity/user-namespace.ts'

const STICKY = 0o1000

/** Root may do anything anyway. In a user namespace without root in its map, the owner of / stands for it. */
const isTrusted = (owner: number, uid: number): boolean => {
  if (owner === uid || owner === 0) return true
  const { complete, overflowUid } = userNamespace()
  return !complete && owner === overflowUid && lstatSync('/').uid === overflowUid
}

const octal = (mode: number): string => (mode & 0o7777).toString(8)

/** @param writers - The bits of the mode that let others write. */
const fault = (path: string, found: Stats, uid: number, writers: number): string | undefined => {
  if (!isTrusted(found.uid, uid)) return `${path} belongs to uid ${found.uid}, not to ${uid}`
  // Who owns a link has chosen where it leads, and nobody can change that in it.
  if (found.isSymbolicLink()) return undefined
  if (!found.isDirectory()) return `${path} is no directory`
  // In a sticky directory others cannot move what is not theirs: unlink(2), rename(2).
  if ((found.mode & writers) === 0 || (found.mode & STICKY) !== 0) return undefined
  return `${path} has mode ${octal(found.mode)}, so others may replace what is in it`
}

/** Above the last directory a group that may write is the user's own, mostly: umask 002 of Debian and Fedora. */
const ANYBODY = 0o002
const GROUP_OR_ANYBODY = 0o022

/** Node's permission model hides the files that it was not started with; then the system alone decides. */
const lookAbove = (path: string, uid: number): string | undefined => {
  try {
    return fault(path, lstatSync(path), uid, ANYBODY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') return undefined
    throw error
  }
}

const faultAbove = (path: string, uid: number): string | undefined => {
  const parent = dirname(path)
  return parent === path ? undefined : (faultAbove(parent, uid) ?? lookAbove(parent, uid))
}

/**
 * Why another user could put something of his own in the place of what is in a directory; undefined where none but root can.
 *
 * @throws the error of lstat(2): `ENOENT` for one that is not there.
 */
export const parentFault = (directory: string, uid: number): string | undefined => {
  const found = lstatSync(directory)
  const above = faultAbove(directory, uid)
  if (above !== undefined) return above
  if (!found.isSymbolicLink()) return fault(directory, found, uid, GROUP_OR_ANYBODY)
  const target = realpathSync(directory)
  return (
    fault(directory, found, uid, 0) ??
    faultAbove(target, uid) ??
    fault(target, lstatSync(target), uid, GROUP_OR_ANYBODY)
  )
}

/** Why a directory is not this user's alone; undefined for one that is. */
export const ownFault = (found: Stats, uid: number): string | undefined => {
  // A link could be turned to elsewhere later.
  if (found.isSymbolicLink() || !found.isDirectory()) return 'it must be a directory, and is none'
  if (found.uid !== uid) return `it belongs to uid ${found.uid}, not to ${uid}`
  if ((found.mode & 0o077) === 0) return undefined
  return `its mode is ${octal(found.mode)}, and others may enter; it must be 700`
}
