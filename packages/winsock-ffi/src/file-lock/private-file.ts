/** Where the lock of a path is when another user has taken the place of its lock file. */
import { join, resolve } from 'node:path'

/**
 * A file in a directory of this user alone, the same for all of its processes. Only they matter then: in a sticky directory
 * no other user can remove the socket file that the lock guards.
 *
 * @param directory - Finds or makes the directory.
 * @returns undefined without such a directory.
 */
export const privateLockFile = (path: string, directory: () => string): string | undefined => {
  // Loaded when another user is in the way, and not by an import.
  const { createHash } = process.getBuiltinModule('node:crypto')
  try {
    return join(directory(), `lock-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 32)}`)
  } catch {
    return undefined
  }
}
