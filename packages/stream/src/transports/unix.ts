/** AF_UNIX, on every system. */
import type { Socket } from 'node:net'
import { formatAddress, parseAddress, type Address, type UnixTarget } from '../address/address.ts'
import { requireCredentials, requireKoffi } from '../peer/authorizer.ts'
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { addressFor } from './scheme.ts'

/** A name is an AF_UNIX socket where the system's safe place for names has those. */
const target = (address: string | Address, where: string): UnixTarget => {
  const parsed = parseAddress(address, { where })
  return addressFor(parsed.scheme === 'name' ? platform.resolveName(parsed) : parsed, where, 'unix')
}

/**
 * `unix:PATH`, `unix:@name`. Connections are `net.Socket`s.
 *
 * ## Platform behaviour
 * On POSIX node:net does it all. On Windows the calls go through Winsock and the connected socket is adopted into
 * Node's loop, which takes koffi and Windows 10 1803 or later (`EAFNOSUPPORT` otherwise); abstract names are `ENOTSUP`
 * there and on macOS.
 */
export const unix: Transport<Socket> = {
  name: 'unix',
  capabilities: platform.unixCapabilities,
  connect: async (address, options = {}) =>
    await platform.connectUnix(target(address, 'unix.connect'), options),
  listen: async (address, options = {}) => {
    const at = target(address, 'unix.listen')
    requireKoffi(options, formatAddress(at))
    requireCredentials(options, platform.unixCapabilities, formatAddress(at))
    return await platform.listenUnix(at, options)
  },
}
