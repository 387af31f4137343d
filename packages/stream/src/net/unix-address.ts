/** unixAddress: the address of a path as node:net reads it. */
import { SocketError, UnixAddress } from '@uds/winsock-ffi'

/**
 * A path; after a NUL an abstract name, as in node:net on Linux.
 *
 * @throws SocketError `ENAMETOOLONG`; `EINVAL` for a NUL within the path, as libuv says of it.
 */
export const unixAddress = (path: string): UnixAddress => {
  try {
    return path.startsWith('\0') ? UnixAddress.abstract(path.slice(1)) : UnixAddress.path(path)
  } catch (cause) {
    if (cause instanceof SocketError) throw cause
    throw new SocketError({ code: 'EINVAL', syscall: 'net', detail: (cause as Error).message, cause })
  }
}
