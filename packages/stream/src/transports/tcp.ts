/** The transport tcp, by node:net. */
import type { AddressInfo, Socket } from 'node:net'
import { formatAddress } from '@uds/winsock-ffi/internal'
import { requireCredentials } from '../peer/authorizer.ts'
import { refuseFileOptions } from '../options/check-options.ts'
import type { Transport } from '../transport.ts'
import { connectNet } from '../node-net/net-connect.ts'
import { listenNet } from '../node-net/net-listen.ts'
import { parseOwnAddress } from './scheme.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'

/** `tcp:host:port`. Connections are `net.Socket`s without peer credentials. */
export const tcp: Transport<Socket> = {
  name: 'tcp',
  capabilities: {
    listen: true,
    netSocket: true,
    halfClose: true,
    credentials: false,
    exclusive: true,
    refuses: true,
  },
  connect: async (address, options = {}) => {
    refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
    const { host, port } = parseOwnAddress(address, 'tcp.connect', 'tcp')
    const to = { host, port, noDelay: options.noDelay ?? true }
    return await connectNet(to, formatAddress({ scheme: 'tcp', host, port }), options)
  },
  listen: async (address, options = {}) => {
    const { host, port } = parseOwnAddress(address, 'tcp.listen', 'tcp')
    refuseFileOptions(options, 'listen', formatAddress({ scheme: 'tcp', host, port }))
    requireCredentials(options, tcp.capabilities, formatAddress({ scheme: 'tcp', host, port }))
    const setup = {
      listen: { host, port },
      address: formatAddress({ scheme: 'tcp', host, port }),
      addressOf: (server: { address(): AddressInfo | string | null }) => {
        // The port may have been 0.
        const found = server.address() as AddressInfo
        const printed = formatAddress({ scheme: 'tcp', host: found.address, port: found.port })
        return () => printed
      },
    }
    return await listenNet(setup, options)
  },
}
