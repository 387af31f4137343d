/** A path that does not fit into an address is bound and connected by a shorter one, which the system then names. */
import { SocketError, UnixAddress, type SocketAddress } from '@uds/winsock-ffi'
import { publicName, shortPath } from '@uds/winsock-ffi/internal'
import { UnixSocketAddr } from './address.ts'

/** An error of the short path becomes one of the path that the caller knows. */
const named = (error: unknown, short: UnixAddress, address: UnixSocketAddr): unknown => {
  if (!(error instanceof SocketError) || error.address !== short.toString()) return error
  const { code, syscall, nativeCode, cause } = error
  const detail = error.message.slice(`${syscall} ${code} ${error.address}: `.length)
  return new SocketError({ code, syscall, nativeCode, cause, address: address.toString(), detail })
}

/**
 * Passes the address to calls that take no longer one than the system does.
 *
 * @param syscall - For the error of a path that cannot be reached.
 */
export const withUnixAddress = <T>(
  address: UnixSocketAddr,
  syscall: string,
  use: (to: UnixAddress) => T,
): T => {
  const path = address.asPathname()
  if (!address.isLong || path === undefined) return use(address.address)
  const short = shortPath(path, syscall)
  try {
    const to = UnixAddress.path(short.path)
    try {
      return use(to)
    } catch (error) {
      throw named(error, to, address)
    }
  } finally {
    short.close()
  }
}

/** A descriptor of the process that was bound: in another one, and later, it leads nowhere, or elsewhere. */
const BY_DESCRIPTOR = '/proc/self/fd/'

/**
 * The address of a socket as the system knows it.
 *
 * @param longPath - The path that it is known to have, where that does not fit into an address.
 */
export const addrOf = (found: SocketAddress, longPath?: string): UnixSocketAddr => {
  if (longPath !== undefined) return UnixSocketAddr.fromPathname(longPath)
  const address = found as UnixAddress
  const { pathname } = address
  if (pathname?.startsWith(BY_DESCRIPTOR) === true) return UnixSocketAddr.unnamed
  // A server of @uds/stream has its public path by a link, which the system does not know of.
  const path = pathname === undefined ? undefined : publicName(pathname)
  return path === pathname ? UnixSocketAddr.from(address) : UnixSocketAddr.fromPathname(path!)
}
