/** Removing the file that was looked at, and no other that has its name by now. */
import { renameSync, unlinkSync, type Stats } from 'node:fs'
import { codeOf } from '@uds/winsock-ffi/internal'
import { moveTo } from './exclusive-name.ts'
import { isSameFile, lstatIfExists } from './files.ts'

/**
 * Moves the file at `path` aside and removes it, if it is still `expected`; moves it back if another file has the name.
 *
 * @returns False when another file, or none, was there.
 */
export const moveAside = (path: string, aside: string, expected: Stats): boolean => {
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  const wasExpected = isSameFile(lstatIfExists(aside), expected)
  // When a third file has the name by now, it is the latest: the one that was moved has lost its name to it.
  if (!wasExpected && moveTo(aside, path)) return false
  unlinkSync(aside)
  return wasExpected
}
