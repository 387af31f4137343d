import { unlinkSync } from 'node:fs'
import { system } from './system.ts'
import { removeSocketFile as onWindows } from './win32/socket-file.ts'

const onPosix = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/**
 * Removes the file of an AF_UNIX socket; no file is no error. It asks nothing: whoever calls it knows that nobody
 * listens there any more.
 *
 * ## Platform behaviour
 * On Windows the file is a reparse point that some versions of `fs.unlink` refuse; DeleteFileW takes it then.
 */
export const removeSocketFile: (path: string) => void = system === 'win32' ? onWindows : onPosix
