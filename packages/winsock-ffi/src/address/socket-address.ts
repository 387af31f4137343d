/** Addresses of any known family, as system calls fill them in. */
import { InetAddress } from './inet-address.ts'
import { layout as thisSystem } from './layout.ts'
import { SocketError } from '../errors/socket-error.ts'
import { familyOf, type SockaddrLayout } from './sockaddr.ts'
import { UnixAddress } from './unix-address.ts'
import { VsockAddress } from './vsock-address.ts'

export type SocketAddress = UnixAddress | InetAddress | VsockAddress

/** AF_UNSPEC: getsockname of some systems for a socket without a name. */
const AF_UNSPEC = 0

/**
 * Reads the address that a system call filled in. Too short to name a family, it is an unnamed AF_UNIX address.
 *
 * @returns Undefined for another family, such as netlink.
 */
export const decodeKnownAddress = (
  bytes: Uint8Array,
  layout: SockaddrLayout = thisSystem,
): SocketAddress | undefined => {
  const family = familyOf(bytes, layout)
  if (family === layout.AF_INET || family === layout.AF_INET6) return InetAddress.decode(bytes, layout)
  if (family === layout.AF_UNIX || family === AF_UNSPEC || bytes.length < 2)
    return UnixAddress.decode(bytes, layout)
  if (family === layout.AF_VSOCK) return VsockAddress.decode(bytes)
  return undefined
}

/** As {@link decodeKnownAddress}. @throws SocketError `EAFNOSUPPORT` for another family. */
export const decodeAddress = (bytes: Uint8Array, layout: SockaddrLayout = thisSystem): SocketAddress => {
  const address = decodeKnownAddress(bytes, layout)
  if (address) return address
  throw new SocketError({
    code: 'EAFNOSUPPORT',
    syscall: 'decodeAddress',
    detail: `the address is of the family ${familyOf(bytes, layout)}; AF_UNIX, AF_INET, AF_INET6 and, on Linux, AF_VSOCK are known`,
  })
}
