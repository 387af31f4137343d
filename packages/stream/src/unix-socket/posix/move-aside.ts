/** Removing the file that was looked at, and no other that has its name by now. */
import { linkSync, lstatSync, renameSync, unlinkSync, type Stats } from 'node:fs'

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** What is at a path, links not followed; undefined for nothing. */
export const lstatIfExists = (path: string): Stats | undefined => {
  try {
    return lstatSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** True when two looks saw the same file. */
export const isSameFile = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev

/**
 * Moves what is at `path` out of the way, if it is still `expected`; puts it back if somebody was faster. rename(2)
 * and link(2) never replace a name by accident: a rename is looked at after it is done, a link fails on any name.
 *
 * @returns False when it was another file, or none.
 */
export const moveAside = (path: string, aside: string, expected: Stats): boolean => {
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  const mine = isSameFile(lstatIfExists(aside), expected)
  if (!mine) {
    try {
      linkSync(aside, path)
    } catch (error) {
      // Yet another one has the name by now: it is the latest.
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  unlinkSync(aside)
  return mine
}
