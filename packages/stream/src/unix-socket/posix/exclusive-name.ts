/** Naming a file without ever replacing another one: link(2), and rename(2) over a placeholder where links are refused. */
import { closeSync, linkSync, openSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { codeOf } from '@uds/winsock-ffi/internal'
import { isSameFile, lstatIfExists } from './files.ts'

/**
 * Refusals of link(2) itself: file systems without hard links (EPERM, ENOTSUP), policies and sandboxes (EACCES, ENOSYS),
 * mounts of single files (EXDEV).
 *
 * @see https://man7.org/linux/man-pages/man2/link.2.html
 * @see https://github.com/termux/termux-packages/issues/21167
 */
const NO_LINKS = new Set(['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EMLINK', 'EINVAL'])

/** An empty file, as {@link moveTo} makes one for an instant where there are no hard links. */
export const isPlaceholder = (found: Stats): boolean => found.isFile() && found.size === 0

/**
 * An empty file claims the name, as O_EXCL fails on any name; rename(2) then replaces that file. Between the two calls a
 * client finds a file that is no socket.
 */
const renameOverPlaceholder = (from: string, path: string): boolean => {
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  closeSync(fd)
  const placeholder = lstatIfExists(path)
  try {
    // A successor that takes over may have replaced it.
    if (!isSameFile(lstatIfExists(path), placeholder)) return false
    renameSync(from, path)
  } catch (error) {
    if (isSameFile(lstatIfExists(path), placeholder)) unlinkSync(path)
    throw error
  }
  return true
}

/**
 * Renames a file unless the name is taken.
 *
 * @returns False when anything has the name; `from` stays then.
 */
export const moveTo = (from: string, path: string): boolean => {
  try {
    linkSync(from, path)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (code === 'EEXIST') return false
    if (!NO_LINKS.has(code)) throw error
    return renameOverPlaceholder(from, path)
  }
  unlinkSync(from)
  return true
}
