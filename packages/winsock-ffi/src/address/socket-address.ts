import { InetAddress } from './inet-address.ts'
import { layout as thisSystem } from './layout.ts'
import { familyOf, type SockaddrLayout } from './sockaddr.ts'
import { UnixAddress } from './unix-address.ts'

export type SocketAddress = UnixAddress | InetAddress

/** Reads the address that a system call filled in. Too short to name a family, it is an unnamed AF_UNIX address. */
export const decodeAddress = (bytes: Uint8Array, layout: SockaddrLayout = thisSystem): SocketAddress => {
  const family = familyOf(bytes, layout)
  return family === layout.AF_INET || family === layout.AF_INET6
    ? InetAddress.decode(bytes, layout)
    : UnixAddress.decode(bytes, layout)
}
