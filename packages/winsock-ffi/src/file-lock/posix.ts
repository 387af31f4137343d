/** flock(2) on a file beside the socket, which the system releases when its holder dies. */
import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from 'node:fs'
import { constants as os } from 'node:os'
import { bindTable, type Bound } from '../binding/bind-table.ts'
import { hasBackend } from '../binding/load-backend.ts'
import { ownUid } from '../identity/posix.ts'
import { libcLibrary } from '../libraries/posix/libc.ts'
import { userDirectory } from '../names/posix/name-address.ts'
import { lockFileOf, type LockAttempt, type LockBackend, type Observe } from './lock-attempt.ts'
import { privateLockFile } from './private-file.ts'

const rows = {
  /** `int flock(int fd, int operation)` - man 2 flock */
  flock: { args: ['int', 'int'], result: 'int', fails: 'negative' },
} as const

const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)

// <sys/file.h>, the same on Linux and macOS
const LOCK_EX = 2
const LOCK_NB = 4

/** False, too, where this user may not look: no lock can be had there. */
const exists = (file: string): boolean => {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** O_NONBLOCK: opening a FIFO must not wait for its other end (fifo(7)). */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Another user can hold a lock for ever on a file that he can open, and in a sticky directory nobody else can remove what
 * he has put there. So only a plain file of this user counts, which others cannot open, and which has no second name.
 */
const isOwn = (fd: number): boolean => {
  const { uid, mode, nlink } = fstatSync(fd)
  const plain = (mode & constants.S_IFMT) === constants.S_IFREG
  return plain && uid === ownUid() && (mode & 0o077) === 0 && nlink <= 1
}

/** False when the file that was locked is not the one at the path any more: its last holder has removed it. */
const isStillThere = (fd: number, file: string): boolean => {
  const [locked, found] = [fstatSync(fd), lstatSync(file, { throwIfNoEntry: false })]
  return found !== undefined && locked.ino === found.ino && locked.dev === found.dev
}

const remove = (file: string): void => {
  try {
    unlinkSync(file)
  } catch {
    // The directory was taken away, or made read-only: the lock itself ends with the descriptor.
  }
}

/** Removed while it is held: a process that waits for it finds that it is gone, and makes another one. */
const release = (fd: number, file: string): void => {
  remove(file)
  closeSync(fd)
}

/** `foreign`: something of another user, or no lock file at all, has the name. */
const tryFile = (file: string, observe: Observe): LockAttempt | 'foreign' => {
  let fd: number
  try {
    fd = openSync(file, FLAGS, 0o600)
  } catch {
    return exists(file) ? 'foreign' : undefined
  }
  let kept = false
  try {
    if (!isOwn(fd)) return 'foreign'
    const result = observe('flock', fd, () => libc.flock.attempt(fd, LOCK_EX | LOCK_NB))
    if (-result === os.errno.EWOULDBLOCK || -result === os.errno.EINTR) return 'held'
    if (result < 0) {
      // No lock can be had here, by nobody: the file means nothing.
      remove(file)
      return undefined
    }
    if (!isStillThere(fd, file)) return 'held'
    kept = true
    return { release: () => release(fd, file) }
  } finally {
    if (!kept) closeSync(fd)
  }
}

const attempt = (path: string, observe: Observe): LockAttempt => {
  const beside = tryFile(lockFileOf(path), observe)
  if (beside !== 'foreign') return beside
  const file = privateLockFile(path, userDirectory)
  const apart = file === undefined ? undefined : tryFile(file, observe)
  return apart === 'foreign' ? undefined : apart
}

export const backend: LockBackend = {
  attempts: (path, observe) => (hasBackend() ? () => attempt(path, observe) : () => undefined),
  // The file is there for the time of one step only, and a crash leaves it unlocked.
  isLocked: () => false,
}
