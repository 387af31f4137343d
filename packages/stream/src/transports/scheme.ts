/** The address that a transport received: of its own scheme, or a bare name that leads to one. */
import { invalidValue } from '@uds/winsock-ffi'
import {
  clientAddressOfName,
  explainName,
  formatAddress,
  parseAddress,
  serverAddressOfName,
  type Address,
} from '@uds/winsock-ffi/internal'
import { toSocketError } from '../errors/connection-error.ts'

/** The schemes that have a transport here. */
type OwnScheme = Exclude<Address['scheme'], 'name'>
/** `name:` is an AF_UNIX socket on POSIX and a named pipe on Windows. */
type NamedScheme = 'unix' | 'pipe'
type Own<S extends OwnScheme> = Extract<Address, { scheme: S }>

const requireScheme = <S extends OwnScheme>(address: Address, where: string, scheme: S): Own<S> => {
  if (address.scheme === scheme) return address as Own<S>
  throw invalidValue(
    where,
    'the address',
    `must be one of this transport, ${scheme}:`,
    formatAddress(address),
  )
}

/**
 * Parses an address and checks the scheme.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an address of another transport.
 */
export const parseOwnAddress = <S extends OwnScheme>(
  address: string | Address,
  where: string,
  scheme: S,
): Own<S> => requireScheme(parseAddress(address, { where }), where, scheme)

/** The same for a listener of `unix` or `pipe`, which a bare name may lead to. */
export const parseListenAddress = <S extends NamedScheme>(address: string | Address, scheme: S): Own<S> => {
  const where = `${scheme}.listen`
  const parsed = parseAddress(address, { where })
  if (parsed.scheme !== 'name') return requireScheme(parsed, where, scheme)
  try {
    return requireScheme(serverAddressOfName(parsed.name), where, scheme)
  } catch (error) {
    throw toSocketError(error, 'listen', formatAddress(parsed))
  }
}

/** Connects to an address of `unix` or `pipe`; where a bare name leads to no server, the error says where names live. */
export const connectOwn = async <S extends NamedScheme, C>(
  address: string | Address,
  scheme: S,
  connect: (to: Own<S>) => Promise<C>,
): Promise<C> => {
  const where = `${scheme}.connect`
  const parsed = parseAddress(address, { where })
  if (parsed.scheme !== 'name') return await connect(requireScheme(parsed, where, scheme))
  try {
    return await connect(requireScheme(clientAddressOfName(parsed.name), where, scheme))
  } catch (error) {
    throw explainName(toSocketError(error, 'connect', formatAddress(parsed)), parsed.name)
  }
}
