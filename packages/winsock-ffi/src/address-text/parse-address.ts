/**
 * Addresses of everything that can be connected to, as text and as objects. AF_UNIX is named, never guessed. This file
 * asks nothing of the system: what an address means there is decided by the transport that gets it.
 */
import { invalidArgument, invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import { VSOCK_ANY } from '../address/vsock-address.ts'
import { integer } from '../options/values.ts'
import { likelyMeant } from './other-spellings.ts'
import { fullPipeName, LOCAL_PIPE, REMOTE_PIPE } from './pipe-name.ts'
import { abstract, fromScheme, knownSchemes, unixPath } from './schemes.ts'
import type { Address } from './types.ts'

export interface ParseOptions {
  /**
   * What a word without a scheme and without a path separator means: nothing (`error`), a bare name (`name`), a relative
   * path (`path`).
   *
   * @default 'error'
   */
  readonly bareWord?: 'error' | 'name' | 'path' | undefined
  /** The schemes that are taken. @default all of them */
  readonly schemes?: readonly Address['scheme'][] | undefined
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

const unknownScheme = (where: string, text: string, scheme: string, taken: readonly string[]): TypeError => {
  const known = knownSchemes.includes(scheme)
  const why = known ? 'which is not taken here' : 'which is no known scheme'
  const list = `${known ? 'taken' : 'known'}: ${taken.join(', ')}${known ? '' : likelyMeant(text, taken)}`
  return invalidValue(where, 'the address', `begins with ${scheme}:, ${why} (${list})`, text)
}

/** The form of an object that node:net would take: `{ path }`, `{ port, host }`. */
const formFor = (value: object): string => {
  if ('path' in value) return ", as in { scheme: 'unix', path }"
  return 'port' in value ? ", as in { scheme: 'tcp', host, port }" : ''
}

/** The path of a file that begins with @, which alone would be an abstract name in text. */
const relative = (path: string): string => (path.startsWith('@') ? `./${path}` : path)

const parseText = (
  text: string,
  where: string,
  bareWord: 'error' | 'name' | 'path',
  taken: readonly string[],
): Address => {
  if (text.length === 0) throw invalidValue(where, 'the address', 'must not be empty', text)
  if (REMOTE_PIPE.test(text) || (LOCAL_PIPE.test(text) && !text.startsWith('/')))
    return fromScheme('pipe', text, where)
  // One letter and a colon is a drive, not a scheme.
  if (DRIVE.test(text)) return unixPath(text, where)
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme !== undefined) {
    const rest = text.slice(scheme.length + 1)
    if (knownSchemes.includes(scheme) && !taken.includes(scheme))
      throw unknownScheme(where, text, scheme, taken)
    if (scheme === 'npipe') return fromScheme('pipe', rest, where)
    if (knownSchemes.includes(scheme)) return fromScheme(scheme, rest, where)
    throw unknownScheme(where, text, scheme, taken)
  }
  // A file, whatever it begins with: only unix:@ names an abstract socket.
  if (/[\\/]/.test(text)) return unixPath(relative(text), where)
  if (bareWord === 'name') return fromScheme('name', text, where)
  if (bareWord === 'path') return unixPath(relative(text), where)
  throw ambiguous(where, text)
}

const readField = (value: object, field: string, where: string): string => {
  const found: unknown = (value as Record<string, unknown>)[field]
  if (typeof found === 'string') return found
  throw invalidArgument(where, `the address' ${field}`, 'a string', found)
}

const fromObject = (value: object, where: string): Address => {
  const { scheme } = value as { scheme?: unknown }
  const word = (field: string): string => readField(value, field, where)
  switch (scheme) {
    case 'unix':
      return 'abstract' in value ? abstract(word('abstract'), where) : unixPath(relative(word('path')), where)
    case 'pipe':
      return (value as { host?: unknown }).host === undefined
        ? fromScheme('pipe', word('name'), where)
        : fromScheme('pipe', fullPipeName({ name: word('name'), host: word('host') }), where)
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
    case 'vsock': {
      const { cid, port } = value as { cid?: unknown; port?: unknown }
      const number = (field: string, given: unknown): number =>
        integer(where, `the address' ${field}`, given as number, 0, VSOCK_ANY)
      return { scheme, cid: number('cid', cid), port: number('port', port) }
    }
    case 'fd': {
      const { fd } = value as { fd?: unknown }
      if (!Number.isInteger(fd) || (fd as number) < 0)
        throw outOfRange(where, "the address' fd", 'an integer, 0 or more', fd)
      return { scheme, fd: fd as number }
    }
    default: {
      const hint = scheme === undefined ? formFor(value) : ''
      throw invalidValue(
        where,
        "the address' scheme",
        `must be one of ${knownSchemes.join(', ')}${hint}`,
        scheme,
      )
    }
  }
}

/** What this function has returned is not read twice. */
const read = new WeakSet<Address>()

/**
 * Reads an address: `unix:PATH`, `unix:@name`, `pipe:name`, `name:chat`, `tcp:host:port`, `vsock:cid:port`, `memory:name`, `fd:N`, a path,
 * or the same as an object.
 *
 * A text with a path separator or a drive letter is a path, and means AF_UNIX; one that begins `\\.\pipe\` or
 * `\\?\pipe\` is a named pipe, one that begins `\\COMPUTER\pipe\` is a pipe of another computer, and
 * `npipe:////./pipe/name` is read too. In an abstract name `\0` stands for a NUL and `\\` for a backslash; the object has
 * the characters themselves.
 *
 * @returns An object that cannot be changed.
 * @throws TypeError `ERR_AMBIGUOUS_ADDRESS` for a bare word, `ERR_INVALID_ARG_VALUE` for an unknown scheme or a value
 *   without meaning, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a port or a descriptor.
 */
export const parseAddress = (address: string | Address, options: ParseOptions = {}): Address => {
  const { bareWord = 'error', where = 'parseAddress', schemes = knownSchemes } = options
  if (typeof address !== 'string') {
    if (typeof address !== 'object' || address === null)
      throw invalidArgument(
        where,
        'the address',
        'a string such as unix:/run/app.sock, or an object',
        address,
      )
    if (read.has(address)) return address
  }
  const parsed =
    typeof address === 'string' ? parseText(address, where, bareWord, schemes) : fromObject(address, where)
  read.add(Object.freeze(parsed))
  return parsed
}
