/**
 * Addresses of everything that can be connected to, as text and as objects. AF_UNIX is named, never guessed. This file
 * asks nothing of the system: what an address means there is decided by the transport that gets it.
 */
import { invalidArgument, invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import { fromScheme, knownSchemes, likelyMeant, PIPE_PREFIX } from './schemes.ts'
import type { Address } from './types.ts'

export type {
  AbstractAddress,
  Address,
  FdAddress,
  MemoryAddress,
  NameAddress,
  PipeAddress,
  SocketAddressObject,
  SocketAddressText,
  TcpAddress,
  UnixPathAddress,
  UnixTarget,
} from './types.ts'

export interface ParseOptions {
  /**
   * What a word without a scheme and without a path separator means: nothing (`error`), a bare name (`name`), a relative
   * path (`path`). `error` unless given.
   */
  readonly bareWord?: 'error' | 'name' | 'path' | undefined
  /** Where the text came from, for messages. */
  readonly where?: string | undefined
}

const SCHEME = /^([a-z][a-z0-9+.-]+):/i
const DRIVE = /^[a-z]:/i

const ambiguous = (where: string, text: string): TypeError =>
  Object.assign(
    new TypeError(
      `${where}: the address ${JSON.stringify(text)} is a word that could mean several things; ` +
        `write unix:./${text} for a socket file, name:${text} for the safe place of this user, or pipe:${text} for a named pipe of Windows`,
    ),
    { code: 'ERR_AMBIGUOUS_ADDRESS' },
  )

const unknownScheme = (where: string, text: string, scheme: string): TypeError =>
  invalidValue(
    where,
    'the address',
    `begins with ${scheme}:, which is no known scheme (known: ${knownSchemes.join(', ')}${likelyMeant(text)})`,
    text,
  )

const parseText = (text: string, where: string, bareWord: 'error' | 'name' | 'path'): Address => {
  if (text.length === 0) throw invalidValue(where, 'the address', 'must not be empty', text)
  const pipe = PIPE_PREFIX.exec(text)
  if (pipe && !text.startsWith('/')) return fromScheme('pipe', text, where)
  // One letter and a colon is a drive, not a scheme.
  if (DRIVE.test(text)) return fromScheme('unix', text, where)
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme !== undefined) {
    const rest = text.slice(scheme.length + 1)
    if (scheme === 'npipe') return fromScheme('pipe', rest, where)
    if (knownSchemes.includes(scheme)) return fromScheme(scheme, rest, where)
    throw unknownScheme(where, text, scheme)
  }
  if (/[\\/]/.test(text)) return fromScheme('unix', text, where)
  if (bareWord === 'name') return fromScheme('name', text, where)
  // A file, whatever it begins with: only unix:@ names an abstract socket.
  if (bareWord === 'path') return fromScheme('unix', text.startsWith('@') ? `./${text}` : text, where)
  throw ambiguous(where, text)
}

const fieldOf = (value: object, field: string, where: string): string => {
  const found: unknown = (value as Record<string, unknown>)[field]
  if (typeof found === 'string') return found
  throw invalidArgument(where, `the address' ${field}`, 'a string', found)
}

const fromObject = (value: object, where: string): Address => {
  const { scheme } = value as { scheme?: unknown }
  const word = (field: string): string => fieldOf(value, field, where)
  switch (scheme) {
    case 'unix':
      if ('abstract' in value) return fromScheme('unix', `@${word('abstract')}`, where)
      return fromScheme('unix', word('path').startsWith('@') ? `./${word('path')}` : word('path'), where)
    case 'pipe':
    case 'name':
    case 'memory':
      return fromScheme(scheme, word('name'), where)
    case 'tcp': {
      const { port } = value as { port?: unknown }
      if (typeof port !== 'number')
        throw invalidArgument(where, "the address' port", 'an integer from 0 to 65535', port)
      return fromScheme(
        'tcp',
        `${word('host').includes(':') ? `[${word('host')}]` : word('host')}:${port}`,
        where,
      )
    }
    case 'fd': {
      const { fd } = value as { fd?: unknown }
      if (!Number.isInteger(fd) || (fd as number) < 0)
        throw outOfRange(where, "the address' fd", 'an integer, 0 or more', fd)
      return { scheme, fd: fd as number }
    }
    default:
      throw invalidValue(where, "the address' scheme", `must be one of ${knownSchemes.join(', ')}`, scheme)
  }
}

/**
 * Reads an address: `unix:PATH`, `unix:@name`, `pipe:name`, `name:chat`, `tcp:host:port`, `memory:name`, `fd:N`, a path,
 * or the same as an object.
 *
 * A text with a path separator or a drive letter is a path, and means AF_UNIX; one that begins `\\.\pipe\` or
 * `\\?\pipe\` is a named pipe, and `npipe:////./pipe/name` is read too.
 *
 * @throws TypeError `ERR_AMBIGUOUS_ADDRESS` for a bare word, `ERR_INVALID_ARG_VALUE` for an unknown scheme or a value
 *   without meaning, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a port or a descriptor.
 */
export const parseAddress = (address: string | Address, options: ParseOptions = {}): Address => {
  const { bareWord = 'error', where = 'parseAddress' } = options
  if (typeof address === 'string') return parseText(address, where, bareWord)
  if (typeof address === 'object' && address !== null) return fromObject(address, where)
  throw invalidArgument(where, 'the address', 'a string such as unix:/run/app.sock, or an object', address)
}
