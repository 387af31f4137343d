/** The file of a socket that this process has bound, which goes when the socket does. */
import { resolve } from 'node:path'
import { removeSocketFile, socketFileId, type UnixAddress } from '@uds/winsock-ffi'

/**
 * Remembers the file of an address that was bound just now.
 *
 * @returns Removes it, wherever the process has changed to since; but not the file of somebody who has taken the path.
 */
export const boundFile = (address: UnixAddress): (() => void) => {
  if (address.pathname === undefined) return () => {}
  const path = resolve(address.pathname)
  const own = socketFileId(path)
  return () => {
    if (socketFileId(path) === own) removeSocketFile(path)
  }
}
