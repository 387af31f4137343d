/** Looking at a path, links not followed: what is there, in words, and whether it is still the same file. */
import { lstatSync, type Stats } from 'node:fs'

/** lstat(2); undefined where nothing is. */
export const lstatIfExists = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

/** What a file is, in words. */
export const describeFile = (found: Stats): string => {
  if (found.isDirectory()) return 'a directory'
  if (found.isSymbolicLink()) return 'a symbolic link'
  if (found.isSocket()) return 'a socket'
  return found.isFile() ? 'a regular file' : 'a pipe or a device'
}

/**
 * True when two looks saw the same file, whatever has become of its name, mode and owner. A file system may assign the
 * number of a removed inode to the next file, so the time of birth counts too.
 */
export const isSameFile = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev && a.birthtimeMs === b.birthtimeMs
