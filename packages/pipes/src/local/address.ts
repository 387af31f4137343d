/** What a text means as the address of a local stream. */
import { invalidArgument } from '@uds/winsock-ffi'
import { parseAddress, type NameAddress } from '@uds/winsock-ffi/internal'
import { onWindows } from '../system.ts'
import { place } from './place.ts'
import { UnixSocketAddr } from '../unix-socket/address.ts'
import { WinPipeSocketAddr } from '../named-pipe/address.ts'

/** The address of a local stream: of AF_UNIX, or of a named pipe. */
export type LocalSocketAddr = UnixSocketAddr | WinPipeSocketAddr

/** @uds/stream has more. */
const SCHEMES = ['name', 'unix', 'pipe'] as const

const parsePlatformAddress = (pathname: string): LocalSocketAddr =>
  onWindows ? WinPipeSocketAddr.fromPathname(pathname) : UnixSocketAddr.fromPathname(pathname)

/**
 * Reads an address: a bare word or `name:WORD` is the safe place of this user on each system, a text with a path
 * separator or a drive letter is a path of AF_UNIX, `\\.\pipe\NAME` and `pipe:NAME` are pipes, `unix:PATH` is AF_UNIX,
 * `unix:@NAME` an abstract name.
 *
 * @param create - Make the directory that bare names live in, where it is missing.
 */
export const readAddress = (
  address: string | LocalSocketAddr,
  where: string,
  create: boolean,
): LocalSocketAddr => {
  if (address instanceof UnixSocketAddr || address instanceof WinPipeSocketAddr) return address
  if (typeof address !== 'string') {
    throw invalidArgument(
      where,
      'the address',
      'a string such as chat, unix:/run/chat.sock or pipe:chat',
      address,
    )
  }
  const parsed = parseAddress(address, { bareWord: 'name', schemes: SCHEMES, where })
  switch (parsed.scheme) {
    case 'unix':
      return 'abstract' in parsed
        ? UnixSocketAddr.fromAbstractName(parsed.abstract)
        : UnixSocketAddr.fromPathname(parsed.path)
    case 'pipe':
      return WinPipeSocketAddr.from(parsed)
    // No other scheme is taken.
    default:
      return parsePlatformAddress(place((parsed as NameAddress).name, create))
  }
}

/** The addresses of {@link LocalStream} and {@link LocalListener}. */
export const LocalSocketAddr: {
  /**
   * Reads an address as `LocalStream.connect` does: `chat` and `name:chat` are the safe place of this user, a path means
   * AF_UNIX, `\\.\pipe\chat` and `pipe:chat` a named pipe.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; SocketError `ENAMETOOLONG`, `EACCES` when the place
   *   for bare names is not safe.
   */
  fromPathname(address: string): LocalSocketAddr
  [Symbol.hasInstance](value: unknown): boolean
} = {
  fromPathname: (address) => readAddress(address, 'fromPathname', false),
  [Symbol.hasInstance]: (value) => value instanceof UnixSocketAddr || value instanceof WinPipeSocketAddr,
}
