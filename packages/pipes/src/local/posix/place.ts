import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'

const unsafe = (directory: string, detail: string): SocketError =>
  new SocketError({
    code: 'EACCES',
    syscall: 'bind',
    address: directory,
    detail,
    advice: 'remove it, or set XDG_RUNTIME_DIR to a directory that only you may enter',
  })

/** The directory must be this user's alone: in a shared one, somebody else could have made it first. */
const check = (directory: string, uid: number): void => {
  let found
  try {
    found = lstatSync(directory)
  } catch {
    // Then connect says that there is no such socket.
    return
  }
  if (!found.isDirectory()) throw unsafe(directory, 'the place for sockets is no directory')
  if (found.uid !== uid) throw unsafe(directory, 'the directory for sockets belongs to somebody else')
  if ((found.mode & 0o077) !== 0)
    throw unsafe(directory, 'the directory for sockets is open to others (want mode 0700)')
}

/**
 * A socket in a directory of mode 0700: below XDG_RUNTIME_DIR, which exists for this
 * (https://specifications.freedesktop.org/basedir-spec/latest/), otherwise below the directory of temporary files.
 */
export const place = (name: string, create: boolean): string => {
  const { uid } = userInfo()
  const runtime = process.env['XDG_RUNTIME_DIR']
  const directory = runtime ? join(runtime, 'uds') : join(tmpdir(), `uds-${uid}`)
  if (create) {
    try {
      mkdirSync(directory, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  check(directory, uid)
  return join(directory, `${name}.sock`)
}
