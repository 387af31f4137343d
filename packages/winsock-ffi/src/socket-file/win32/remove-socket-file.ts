/** removeSocketFile: the file of an AF_UNIX socket goes, and no other file. */
import { unlinkSync } from 'node:fs'
import { callFailed } from '../../errors/call-failed.ts'
import { errorRow } from '../../errors/win32/error-codes.ts'
import { kernel32 } from '../../libraries/win32/prototypes.ts'

/** winerror.h */
const ERROR_FILE_NOT_FOUND = 2
const ERROR_PATH_NOT_FOUND = 3

/**
 * Removes the file of an AF_UNIX socket; no file is no error. Windows lets `fs.unlink` do it; where that fails (Wine
 * answers UNKNOWN to the reparse point) DeleteFileW does.
 *
 * @throws SocketError whose syscall is `unlink`.
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-deletefilew
 */
export const removeSocketFile = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    const result = kernel32.DeleteFileW.attempt(path)
    if (result >= 0 || -result === ERROR_FILE_NOT_FOUND || -result === ERROR_PATH_NOT_FOUND) return
    throw callFailed(errorRow(-result)[1], -result, 'unlink', { address: `unix:${path}`, path: undefined })
  }
}
