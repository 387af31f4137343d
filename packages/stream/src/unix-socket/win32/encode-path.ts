/** The address that Winsock receives: a path that is too long is written relative to the working directory. */
import { isAbsolute, relative } from 'node:path'
import { UNIX_PATH_MAX, UnixAddress } from '@uds/winsock-ffi'
import type { UnixTarget } from '@uds/winsock-ffi/internal'

/** @throws SocketError `ENOTSUP` for an abstract name, `ENAMETOOLONG` for a path that does not fit. */
export const encodeTarget = (target: UnixTarget): UnixAddress => {
  if ('abstract' in target) return UnixAddress.abstract(target.abstract)
  const { path } = target
  const near =
    isAbsolute(path) && Buffer.byteLength(path) >= UNIX_PATH_MAX ? relative(process.cwd(), path) : path
  return UnixAddress.path(Buffer.byteLength(near) < UNIX_PATH_MAX ? near : path)
}
