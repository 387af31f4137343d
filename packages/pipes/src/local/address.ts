/** What a text means as the address of a local stream. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { onWindows } from '../system.ts'
import { place } from './place.ts'
import { UnixSocketAddr } from '../unix-socket/address.ts'
import { WinPipeSocketAddr } from '../named-pipe/address.ts'

/** The address of a local stream: of AF_UNIX, or of a named pipe. */
export type LocalSocketAddr = UnixSocketAddr | WinPipeSocketAddr

const PIPE = /^\\\\[.?]\\pipe\\/i
const DRIVE = /^[a-z]:/i
const SCHEME = /^([a-z][a-z0-9+.-]+):/i
const schemes = ['name', 'unix', 'pipe', 'npipe'] as const

/** It becomes a part of a file name on POSIX and of a pipe's name on Windows, and is to mean the same on both. */
const checkName = (name: string, where: string): string => {
  const wrong = /[\\/:*?"<>|\p{Cc}]/u.test(name) || name.startsWith('.') || !name.isWellFormed()
  if (name.length > 0 && !wrong) return name
  throw invalidValue(
    where,
    'the name',
    'must be one plain word: no separators, no wildcards, no control characters, no dot at its beginning',
    name,
  )
}

const parsePlatformAddress = (pathname: string): LocalSocketAddr =>
  onWindows ? WinPipeSocketAddr.fromPathname(pathname) : UnixSocketAddr.fromPathname(pathname)

const parseUnix = (rest: string): UnixSocketAddr =>
  rest.startsWith('@') ? UnixSocketAddr.fromAbstractName(rest.slice(1)) : UnixSocketAddr.fromPathname(rest)

/** `pipe:name`, `pipe:\\.\pipe\name` and Docker's `npipe:////./pipe/name`. */
const parsePipe = (rest: string): WinPipeSocketAddr =>
  WinPipeSocketAddr.fromPathname(
    `\\\\.\\pipe\\${rest.replace(/^\/\/(?=\/\/)/, '').replace(/^[\\/]{2}[.?][\\/]pipe[\\/]/i, '')}`,
  )

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
  if (PIPE.test(address)) return parsePipe(address)
  if (DRIVE.test(address)) return parseUnix(address)
  const scheme = SCHEME.exec(address)?.[1]
  const rest = address.slice((scheme?.length ?? -1) + 1)
  switch (scheme) {
    case 'unix':
      return parseUnix(rest)
    case 'pipe':
    case 'npipe':
      return parsePipe(rest)
    case 'name':
      return parsePlatformAddress(place(checkName(rest, where), create))
    case undefined:
      // \\COMPUTER\pipe\name is a path of two backslashes to nobody but a pipe.
      if (address.startsWith('\\\\')) return WinPipeSocketAddr.fromPathname(address)
      return /[\\/]/.test(address)
        ? UnixSocketAddr.fromPathname(address)
        : parsePlatformAddress(place(checkName(address, where), create))
    default:
      throw invalidValue(
        where,
        'the address',
        `begins with ${scheme}:, which is no known scheme (known: ${schemes.join(', ')}; a file of such a name is unix:./${address})`,
        address,
      )
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
