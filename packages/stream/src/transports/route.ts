/** The transport of an address, and the address of a bare name. */
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

/** Resolves a bare name too, which is an address of `unix` on POSIX and of `pipe` on Windows. */
export const route = (address: string | Address, transport: Transport | undefined, where: string): Route => {
  // A transport of another package reads its addresses itself.
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
