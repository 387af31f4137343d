import { unlinkSync } from 'node:fs'
import { kernel32 } from '../../libraries/win32/prototypes.ts'

/**
 * Removes the file of an AF_UNIX socket; no file is no error. Windows lets `fs.unlink` do it; where that fails (Wine
 * answers UNKNOWN to the reparse point) DeleteFileW does.
 *
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-deletefilew
 */
export const removeSocketFile = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') kernel32.DeleteFileW(path)
  }
}
