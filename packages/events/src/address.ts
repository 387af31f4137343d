/** endpoint, printed, socketFileOf: addresses of servers, and the files that they name. */
import { type Address, formatAddress, parseAddress, type Transport } from '@uds/stream'
import { invalidArgument } from '@uds/winsock-ffi'

/**
 * What an address means here: a bare word is a name (`name:chat`), so that `connect('chat')` finds `listen('chat')` on
 * every system. The addresses of another transport go to it as they are.
 */
export const endpoint = (
  where: string,
  address: string | Address,
  transport: Transport | undefined,
): string | Address => {
  if (typeof address !== 'string' && (typeof address !== 'object' || address === null)) {
    throw invalidArgument(where, 'address', 'a name, an address, or an address object', address)
  }
  return transport === undefined ? parseAddress(address, { bareWord: 'name', where }) : address
}

/** An address for people. */
export const printed = (address: string | Address): string =>
  typeof address === 'string' ? address : formatAddress(address)

/** The socket file that an address, or an error of `connect`, is about; undefined when it is about none. */
export const socketFileOf = (about: unknown): string | undefined => {
  try {
    const told = about instanceof Error ? (about as { address?: unknown }).address : about
    const parsed = parseAddress(told as string | Address, { bareWord: 'path' })
    return parsed.scheme === 'unix' && 'path' in parsed ? parsed.path : undefined
  } catch {
    return undefined
  }
}
