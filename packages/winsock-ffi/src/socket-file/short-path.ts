/** Paths that are longer than sun_path, said in fewer bytes. */
import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { layout } from '../address/layout.ts'
import { fileError } from '../errors/file-error.ts'
import { SocketError } from '../errors/socket-error.ts'
import { system } from '../system.ts'

/** A path that fits into sun_path, as long as it is not closed. */
export interface ShortPath {
  readonly path: string
  close(): void
}

const nothing = (): void => {}

/** Bytes that a path may have: sun_path ends with a NUL (unix(7)). */
const LONGEST = layout.UNIX_PATH_MAX - 1

/** Whether a path needs no help, also to be bound. */
export const fitsSocketAddress = (path: string): boolean => Buffer.byteLength(path) <= LONGEST

/** Whether a path needs no help in this call. */
const fits = (path: string, syscall: string): boolean =>
  Buffer.byteLength(path) <= (syscall === 'bind' || syscall === 'listen' ? LONGEST : layout.longestPath)

/** The path below a descriptor of its directory (proc(5), /proc/self/fd). */
const belowDescriptor = (fd: number, path: string): string => `/proc/self/fd/${fd}/${basename(path)}`

/** The path from the working directory, where that is known. */
const fromHere = (path: string): string => {
  // relative() drops `..` without looking at links.
  if (path.includes('/../')) return path
  try {
    const near = relative(process.cwd(), path)
    return near.startsWith('@') ? `./${near}` : near
  } catch {
    // The working directory is gone.
    return path
  }
}

/**
 * Whether a path can be said in an address: as it is, from the working directory or, on Linux, below a descriptor of its
 * directory, where the last part of the path may have 88 bytes.
 *
 * @param syscall - For the message.
 * @throws SocketError `ENAMETOOLONG` with the number of bytes.
 */
export const requireReachablePath = (path: string, syscall: string, meant: string = path): void => {
  // Room for a descriptor of four digits.
  if (fits(path, syscall) || fitsSocketAddress(fromHere(path))) return
  if (system === 'linux' && fitsSocketAddress(belowDescriptor(9999, path))) return
  const name = Buffer.byteLength(basename(path))
  const limit =
    system === 'linux'
      ? `, and the last part of a longer path may have ${LONGEST - Buffer.byteLength(belowDescriptor(9999, '/'))} (it has ${name})`
      : ''
  throw new SocketError({
    code: 'ENAMETOOLONG',
    syscall,
    address: `unix:${meant}`,
    detail: `the path has ${Buffer.byteLength(meant)} bytes in UTF-8, and sun_path of this system holds ${LONGEST}${limit}`,
    advice: 'use a shorter directory or name, or change to the directory first',
  })
}

/**
 * A path to the same file that fits: the path itself, the one from the working directory, or, on Linux, one below a
 * descriptor of its directory.
 *
 * @param meant - The path that the user wrote, for messages.
 * @throws SocketError `ENAMETOOLONG` with the number of bytes, where none fits; `ENOENT` and its like for the directory.
 */
export const shortPath = (path: string, syscall: string, meant: string = path): ShortPath => {
  requireReachablePath(path, syscall, meant)
  if (fits(path, syscall)) return { path, close: nothing }
  const near = fromHere(path)
  if (fitsSocketAddress(near)) return { path: near, close: nothing }
  let fd: number
  try {
    fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    throw fileError(error, syscall, `unix:${meant}`)
  }
  return { path: belowDescriptor(fd, path), close: () => closeSync(fd) }
}
