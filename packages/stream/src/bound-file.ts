/** The file of a socket that this process has bound, which goes when the socket does. */
import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { findFile } from '@uds/pipes/win32'
import { removeSocketFile, type UnixAddress } from '@uds/winsock-ffi'
import { system } from './system.ts'

const onPosix = (path: string): string => {
  const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true })
  // A file system may give the number of a removed file to the next one.
  return `${dev}:${ino}:${birthtimeNs}`
}

/** fs.lstat does not look at socket files there. */
const onWindows = (path: string): string | undefined => findFile(path)?.written.toString()

/** Undefined for no file, and for one that cannot be looked at. */
const identityOf = (path: string): string | undefined => {
  try {
    return system === 'win32' ? onWindows(path) : onPosix(path)
  } catch {
    return undefined
  }
}

/**
 * Remembers the file of an address that was bound just now.
 *
 * @returns Removes it, wherever the process has changed to since; but not the file of somebody who has taken the path.
 */
export const boundFile = (address: UnixAddress): (() => void) => {
  if (address.pathname === undefined) return () => {}
  const path = resolve(address.pathname)
  const own = identityOf(path)
  return () => {
    if (identityOf(path) === own) removeSocketFile(path)
  }
}
