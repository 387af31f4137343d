/** The safe place for a bare name: a directory that only this user can enter. */
import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import type { Address, NameAddress } from '@uds/winsock-ffi/internal'
import { denied } from '../errors/permission.ts'
import { ownUid } from '@uds/winsock-ffi/internal'

const unsafe = (directory: string, detail: string): SocketError =>
  new SocketError({
    code: 'EACCES',
    syscall: 'mkdir',
    address: directory,
    detail,
    advice: 'somebody may have put it there to listen in your place: look at it, and remove it',
  })

/** Only a directory that is ours and closed to others keeps sockets safe; XDG_RUNTIME_DIR itself has to be so too. */
const check = (directory: string, found: Stats, uid: number): void => {
  if (!found.isDirectory()) throw unsafe(directory, 'it must be a directory, and is none')
  if (found.uid !== uid) throw unsafe(directory, `it belongs to uid ${found.uid}, not to ${uid}`)
  if ((found.mode & 0o077) !== 0) {
    throw unsafe(
      directory,
      `its mode is ${(found.mode & 0o777).toString(8)}, and others may enter; it must be 700`,
    )
  }
}

/**
 * The directory of this user's sockets, made if it is not there: `uds` in XDG_RUNTIME_DIR, else `uds-UID` in TMPDIR.
 *
 * @throws SocketError `EACCES` when it belongs to somebody else, or others may enter it.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
const userDirectory = (): string => {
  const uid = ownUid()
  const runtime = process.env['XDG_RUNTIME_DIR']
  const directory = runtime ? join(runtime, 'uds') : join(tmpdir(), `uds-${uid}`)
  try {
    // The mode is safe from the umask, which only takes bits away; 0700 has none to lose that matter.
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') {
      const refusal = denied(error, 'mkdir', directory)
      if (refusal) throw refusal
      throw new SocketError({
        code: code ?? 'UNKNOWN',
        syscall: 'mkdir',
        address: directory,
        advice: 'names need a directory of this user: set XDG_RUNTIME_DIR or TMPDIR to one',
        cause: error,
      })
    }
  }
  // lstat: a symbolic link could be turned to elsewhere later.
  check(directory, lstatSync(directory), uid)
  return directory
}

export const resolveName = ({ name }: NameAddress): Address => ({
  scheme: 'unix',
  path: join(userDirectory(), `${name}.sock`),
})
