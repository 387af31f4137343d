/** What a text means as the address of a local stream. */
import { invalidArgument } from '@uds/winsock-ffi'
import {
  clientAddressOfName,
  explainName,
  parseAddress,
  serverAddressOfName,
  type Address,
  type PipeAddress,
  type UnixTarget,
} from '@uds/winsock-ffi/internal'
import { UnixSocketAddr } from '../unix-socket/address.ts'
import { WinPipeSocketAddr } from '../named-pipe/address.ts'

/** The address of a local stream: of AF_UNIX, or of a named pipe. */
export type LocalSocketAddr = UnixSocketAddr | WinPipeSocketAddr

/** @uds/stream has more. */
const SCHEMES = ['name', 'unix', 'pipe'] as const
type LocalAddress = Extract<Address, { scheme: (typeof SCHEMES)[number] }>

const parse = (address: string, where: string): LocalAddress =>
  parseAddress(address, { bareWord: 'name', schemes: SCHEMES, where }) as LocalAddress

const wrap = (address: UnixTarget | PipeAddress): LocalSocketAddr => {
  if (address.scheme === 'pipe') return WinPipeSocketAddr.from(address)
  return 'abstract' in address
    ? UnixSocketAddr.fromAbstractName(address.abstract)
    : UnixSocketAddr.fromPathname(address.path)
}

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
  const parsed = parse(address, where)
  if (parsed.scheme !== 'name') return wrap(parsed)
  return wrap(create ? serverAddressOfName(parsed.name) : clientAddressOfName(parsed.name))
}

/** Connects to an address; where a bare name leads to no server, the error says where names live. */
export const connectTo = <T>(address: string, where: string, connect: (to: LocalSocketAddr) => T): T => {
  const to = readAddress(address, where, false)
  try {
    return connect(to)
  } catch (error) {
    const parsed = parse(address, where)
    throw parsed.scheme === 'name' ? explainName(error, parsed.name) : error
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
