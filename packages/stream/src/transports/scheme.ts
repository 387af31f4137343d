/** Parsing an address once, and checking that it belongs to the transport that received it. */
import { invalidValue } from '@uds/winsock-ffi'
import { formatAddress, parseAddress, type Address } from '@uds/winsock-ffi/internal'
import { platform } from './select.ts'

/** The schemes that have a transport here. */
type OwnScheme = Exclude<Address['scheme'], 'name'>

/** `name:` is an AF_UNIX socket on POSIX and a named pipe on Windows. */
const mayBeName = (scheme: OwnScheme): boolean => scheme === 'unix' || scheme === 'pipe'

/**
 * Parses an address, resolves a bare name for `unix` and `pipe`, and checks the scheme.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an address of another transport.
 */
export const parseOwnAddress = <S extends OwnScheme>(
  address: string | Address,
  where: string,
  scheme: S,
): Extract<Address, { scheme: S }> => {
  const parsed = parseAddress(address, { where })
  const resolved = parsed.scheme === 'name' && mayBeName(scheme) ? platform.resolveName(parsed) : parsed
  if (resolved.scheme === scheme) return resolved as Extract<Address, { scheme: S }>
  throw invalidValue(
    where,
    'the address',
    `must be one of this transport, ${scheme}:`,
    formatAddress(resolved),
  )
}
