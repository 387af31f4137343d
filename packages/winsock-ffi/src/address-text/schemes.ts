/** What each scheme of an address may be followed by. */
import { invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import type { Address } from './types.ts'

const withoutNul = (text: string, what: string, where: string): string => {
  if (text.length === 0) throw invalidValue(where, what, 'must not be empty', text)
  if (text.includes('\0')) throw invalidValue(where, what, 'must not contain a NUL', text)
  return text
}

const unix = (rest: string, where: string): Address => {
  if (rest.startsWith('\0')) {
    throw invalidValue(
      where,
      'the path',
      'must not begin with a NUL: write an abstract name as unix:@name',
      rest,
    )
  }
  if (!rest.startsWith('@')) return { scheme: 'unix', path: withoutNul(rest, 'the path', where) }
  return { scheme: 'unix', abstract: withoutNul(rest.slice(1), 'the abstract name', where) }
}

/** Both spellings of the directory of pipes, with either separator. */
export const PIPE_PREFIX: RegExp = /^[\\/]{2}[.?][\\/]pipe[\\/]/i

/**
 * The whole of `\\.\pipe\name` may have 256 characters
 * (https://learn.microsoft.com/windows/win32/ipc/pipe-names).
 */
const LONGEST_PIPE_NAME = 256 - '\\\\.\\pipe\\'.length

const pipe = (rest: string, where: string): Address => {
  // npipe:////./pipe/name, as Docker writes it, has a URL's empty host before the path.
  const name = withoutNul(rest.replace(/^\/\/(?=\/\/)/, '').replace(PIPE_PREFIX, ''), 'the pipe name', where)
  if (/^[\\/]/.test(name)) {
    throw invalidValue(
      where,
      'the pipe name',
      'must not begin with a separator; a pipe of another machine cannot be named',
      rest,
    )
  }
  if (name.length > LONGEST_PIPE_NAME) {
    throw invalidValue(
      where,
      'the pipe name',
      `must have ${LONGEST_PIPE_NAME} characters at most, not ${name.length}`,
      name,
    )
  }
  return { scheme: 'pipe', name }
}

/** It becomes part of a file name on POSIX and of a pipe name on Windows, and must be the same on both. */
const name = (rest: string, where: string): Address => {
  const text = withoutNul(rest, 'the name', where)
  if (/[\\/:*?"<>|\p{Cc}]/u.test(text) || text.startsWith('.')) {
    throw invalidValue(
      where,
      'the name',
      'must be one plain word: no separators, no wildcards, no control characters, no dot at its beginning',
      rest,
    )
  }
  return { scheme: 'name', name: text }
}

const tcp = (rest: string, where: string): Address => {
  const match = /^(?:\[([^\]]*)\]|([^:[\]/]*)):(\d{1,6})$/.exec(rest)
  const host = match?.[1] ?? match?.[2]
  if (!match || !host) {
    throw invalidValue(where, 'the TCP address', 'must be host:port, with an IPv6 host in brackets', rest)
  }
  const port = Number(match[3])
  if (port > 65_535) throw outOfRange(where, 'the port', 'an integer from 0 to 65535', port)
  return { scheme: 'tcp', host: withoutNul(host, 'the host', where), port }
}

const memory = (rest: string, where: string): Address => ({
  scheme: 'memory',
  name: withoutNul(rest, 'the name', where),
})

const fd = (rest: string, where: string): Address => {
  if (!/^\d{1,9}$/.test(rest))
    throw invalidValue(where, 'the descriptor', 'must be a number, as in fd:3', rest)
  return { scheme: 'fd', fd: Number(rest) }
}

const schemes: Readonly<Record<string, (rest: string, where: string) => Address>> = {
  unix,
  pipe,
  name,
  tcp,
  memory,
  fd,
}

export const knownSchemes: readonly string[] = Object.keys(schemes)

/** Reads what follows a known scheme. */
export const fromScheme = (scheme: string, rest: string, where: string): Address =>
  schemes[scheme]!(rest, where)

/** A guess at what an address of an unknown scheme was to mean; it is only told. */
export const likelyMeant = (text: string): string => {
  if (/^[^:]+:\d+$/.test(text)) return `; did you mean tcp:${text}?`
  const lower = text.toLowerCase()
  const scheme = lower.slice(0, lower.indexOf(':'))
  if (Object.hasOwn(schemes, scheme)) return `; schemes are written small: ${scheme}:`
  return `; a file whose name has a colon is written unix:./${text}`
}
