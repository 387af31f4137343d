import { invalidValue } from '@uds/winsock-ffi'
import { formatAddress, parseAddress, type Address } from '../address/address.ts'

/**
 * Reads an address that a transport was given, and checks that it is one of its own.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an address of another transport.
 */
export const addressFor = <S extends Address['scheme']>(
  address: string | Address,
  where: string,
  ...schemes: readonly S[]
): Extract<Address, { scheme: S }> => {
  const parsed = parseAddress(address, { where })
  if ((schemes as readonly string[]).includes(parsed.scheme)) return parsed as Extract<Address, { scheme: S }>
  const wanted = schemes.map((scheme) => `${scheme}:`).join(' or ')
  throw invalidValue(where, 'the address', `must be one of this transport, ${wanted}`, formatAddress(parsed))
}
