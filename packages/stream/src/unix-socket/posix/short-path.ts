/** Paths that are longer than sun_path, said in fewer bytes. */
import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { SocketError, UNIX_PATH_MAX } from '@uds/winsock-ffi'
import { toSocketError } from '../../errors/connection-error.ts'
import { system } from '@uds/winsock-ffi/internal'

/** A path that fits into sun_path, as long as it is not closed. */
export interface ShortPath {
  readonly path: string
  close(): void
}

const nothing = (): void => {}

/** sun_path ends with a NUL (unix(7)). */
const LONGEST = UNIX_PATH_MAX - 1

/** Without help. */
export const fits = (path: string): boolean => Buffer.byteLength(path) <= LONGEST

/**
 * A path to the same file that fits: the path itself, the one relative to the working directory, or, on Linux, one
 * through a descriptor of its directory (proc(5), /proc/self/fd).
 *
 * @param meant - The path that the user gave, for messages.
 * @throws SocketError `ENAMETOOLONG` with the number of bytes, where none fits; `ENOENT` and its like for the directory.
 */
export const shortPath = (path: string, syscall: string, meant: string = path): ShortPath => {
  if (fits(path)) return { path, close: nothing }
  // relative() drops `..` without looking at links.
  const near = path.includes('/../') ? path : relative(process.cwd(), path)
  if (fits(near)) return { path: near.startsWith('@') ? `./${near}` : near, close: nothing }
  const name = basename(path)
  // Room for a descriptor of four digits.
  if (system === 'linux' && fits(`/proc/self/fd/9999/${name}`)) {
    let fd: number
    try {
      fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
    } catch (error) {
      throw toSocketError(error, syscall, `unix:${meant}`)
    }
    return { path: `/proc/self/fd/${fd}/${name}`, close: () => closeSync(fd) }
  }
  throw new SocketError({
    code: 'ENAMETOOLONG',
    syscall,
    address: `unix:${meant}`,
    detail: `the path has ${Buffer.byteLength(meant)} bytes in UTF-8, and sun_path of this system holds ${LONGEST}`,
    advice: 'use a shorter directory or name, or change to the directory first',
  })
}
