/** The mode of a socket file that bind has just made, set where another user may change the directory. */
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { fileError, system } from '@uds/winsock-ffi/internal'
import { AT_SYMLINK_NOFOLLOW, libc } from '../../libraries/posix.ts'
import { traced } from '../../trace.ts'

/** Linux include/uapi/asm-generic/fcntl.h: the file itself, without a right to read or write it (open(2)). */
const O_PATH = 0o10000000
const PERMISSIONS = 0o777

const changed = (address: string, detail: string): SocketError =>
  new SocketError({
    code: 'EACCES',
    syscall: 'chmod',
    address,
    detail,
    advice: 'use a directory that only this user may write, or leave the mode to the umask',
  })

/** Opens a file, passes the descriptor, and closes it; errors of the file system are SocketErrors. */
const withDescriptor = (file: string, flags: number, address: string, use: (fd: number) => void): void => {
  try {
    const fd = openSync(file, flags)
    try {
      use(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw fileError(error, 'chmod', address)
  }
}

/** chmod(2) follows links, and its path may lead elsewhere by now; a descriptor does not. */
const onLinux = (path: string, mode: number): void => {
  const address = `unix:${path}`
  withDescriptor(path, O_PATH | constants.O_NOFOLLOW, address, (fd) => {
    const found = fstatSync(fd)
    if (!found.isSocket() || found.uid !== process.geteuid?.())
      throw changed(address, 'another file was put in the place of the socket file')
    if ((found.mode & PERMISSIONS) === mode) return
    traced('fchmodat', fd, () => chmodSync(`/proc/self/fd/${fd}`, mode))
  })
}

/** There is no descriptor of a socket file on macOS: so nobody else may be able to put another file in its place. */
const onDarwin = (path: string, mode: number): void => {
  const address = `unix:${path}`
  withDescriptor(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY, address, (fd) => {
    const directory = fstatSync(fd)
    const sticky = (directory.mode & 0o1000) !== 0
    if ((directory.mode & 0o022) !== 0 && !sticky)
      throw changed(address, 'others may write the directory, and could put another file in its place')
    if (directory.uid !== 0 && directory.uid !== process.geteuid?.())
      throw changed(address, `the directory belongs to another user (uid ${directory.uid})`)
    if ((lstatSync(path).mode & PERMISSIONS) === mode) return
    traced('fchmodat', fd, () => libc.fchmodat(fd, basename(path), mode, AT_SYMLINK_NOFOLLOW))
  })
}

export const setFileMode: (path: string, mode: number) => void = system === 'darwin' ? onDarwin : onLinux
