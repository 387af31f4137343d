/** The file of a socket that this process has bound by its public path, which goes when the socket does. */
import { resolve } from 'node:path'
import { removeOwnSocketFile, SocketError, socketFileId, type UnixAddress } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'
import { atExit } from './at-exit.ts'
import { keepTouched } from './touch.ts'

/** The error of a socket that is closed, whose file could not be removed. */
export const fileStays = (path: string, cause: unknown): SocketError =>
  new SocketError({
    code: (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN',
    syscall: 'unlink',
    address: `unix:${path}`,
    detail: 'the socket is closed, and its file stays',
    advice: 'remove it, or leave that to the next listen there, if its user may',
    cause,
  })

/**
 * Remembers the file of an address that was bound just now, removes it when the thread ends, and keeps cleaners of /tmp
 * from it.
 *
 * @returns Removes it, wherever the process has changed to since; but not the file of another socket that has the path.
 *   It throws SocketError `EACCES`, `EPERM`, `EROFS` when the file stays.
 */
export const boundFile = (address: UnixAddress): (() => void) => {
  if (address.pathname === undefined) return () => {}
  const path = resolve(address.pathname)
  const id = socketFileId(path)
  const key = `${id} ${path}`
  const isOwn = (): boolean => id !== undefined && socketFileId(path) === id
  const remove = (): void => removeOwnSocketFile(path, id)
  const forget = atExit(key, remove)
  // On Windows the time of writing identifies the file.
  const endTouching = system === 'win32' ? undefined : keepTouched(key, path, isOwn)
  return () => {
    forget()
    endTouching?.()
    try {
      remove()
    } catch (cause) {
      throw fileStays(path, cause)
    }
  }
}
