/** nextFileTime: the times of files move in steps, and a test needs two files with different ones. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp.ts'

/** Returns when a file that is written now has a later time than one that was written before the call. */
export const nextFileTime = (): void => {
  const file = join(tempDir(), 'f')
  const written = (): bigint => {
    writeFileSync(file, 'f')
    return statSync(file, { bigint: true }).mtimeNs
  }
  const before = written()
  while (written() === before);
}
