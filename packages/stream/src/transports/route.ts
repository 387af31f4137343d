/** Which transport an address is for. */
import { formatAddress, parseAddress, type Address } from '../address/address.ts'
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

/** A bare name is resolved here, as it is an address of one transport on POSIX and of another on Windows. */
export const route = (address: string | Address, transport: Transport | undefined, where: string): Route => {
  // A transport of somebody else's has addresses of its own.
  if (transport !== undefined) {
    requireTransport(where, transport)
    return { transport, address, text: typeof address === 'string' ? address : formatAddress(address) }
  }
  const parsed = parseAddress(address, { where })
  const resolved = parsed.scheme === 'name' ? platform.resolveName(parsed) : parsed
  return {
    transport: transports[resolved.scheme as keyof typeof transports],
    address: resolved,
    text: formatAddress(resolved),
  }
}
