/** The transport unix: AF_UNIX on every system. */
import type { Socket } from 'node:net'
import { formatAddress } from '@uds/winsock-ffi/internal'
import { requireCredentials, requireSystemCalls } from '../peer/authorizer.ts'
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { connectOwn, parseListenAddress } from './scheme.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'

/**
 * `unix:PATH`, `unix:@name`. Connections are `net.Socket`s.
 *
 * ## Platform behaviour
 * On POSIX node:net connects and listens. On Windows the calls go through Winsock and Node's loop adopts the connected
 * socket, which needs koffi and Windows 10 1803 or later (`EAFNOSUPPORT` otherwise); abstract names are `ENOTSUP` there
 * and on macOS.
 */
export const unix: Transport<Socket> = {
  name: 'unix',
  capabilities: platform.unixCapabilities,
  connect: async (address, options = {}) => {
    refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
    return await connectOwn(address, 'unix', (to) => platform.connectUnix(to, options))
  },
  listen: async (address, options = {}) => {
    const at = parseListenAddress(address, 'unix')
    requireSystemCalls(options, formatAddress(at))
    requireCredentials(options, platform.unixCapabilities, formatAddress(at))
    return await platform.listenUnix(at, options)
  },
}
