/** toUnixAddress: an argument becomes a UnixAddress. */
import { invalidValue, UnixAddress } from '@uds/winsock-ffi'
import { parseAddress, type Address } from '@uds/winsock-ffi/internal'

/** How the functions of this folder take an address: a path, `unix:PATH`, `unix:@name`, or an object. */
export type UnixAddressLike = string | Address | UnixAddress

/**
 * The AF_UNIX address that is meant. A bare word is a relative path.
 *
 * @throws TypeError for other schemes and for what is no address; SocketError `ENAMETOOLONG`, `ENOTSUP`.
 */
export const toUnixAddress = (address: UnixAddressLike, where: string): UnixAddress => {
  if (address instanceof UnixAddress) return address
  const parsed = parseAddress(address, { bareWord: 'path', where })
  if (parsed.scheme !== 'unix')
    throw invalidValue(
      where,
      'the address',
      'must be one of AF_UNIX: a path, unix:PATH or unix:@name',
      address,
    )
  return 'abstract' in parsed ? UnixAddress.abstract(parsed.abstract) : UnixAddress.path(parsed.path)
}
