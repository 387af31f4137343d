/** The transport of an address. */
import { formatAddress, parseAddress, type Address } from '@uds/winsock-ffi/internal'
import { requireTransport } from '../options/check-options.ts'
import { platform } from './select.ts'
import type { Transport } from '../transport.ts'
import { transports } from './index.ts'

export interface Route {
  readonly transport: Transport
  readonly address: string | Address
  /** For messages. */
  readonly text: string
}

/** Parses the address, once. A bare name is for `unix` on POSIX and for `pipe` on Windows, which resolve it. */
export const route = (address: string | Address, transport: Transport | undefined, where: string): Route => {
  // A transport of another package reads its addresses itself.
  if (transport !== undefined) {
    requireTransport(where, transport)
    return { transport, address, text: typeof address === 'string' ? address : formatAddress(address) }
  }
  const parsed = parseAddress(address, { where })
  const scheme = parsed.scheme === 'name' ? platform.nameScheme : parsed.scheme
  return { transport: transports[scheme], address: parsed, text: formatAddress(parsed) }
}
