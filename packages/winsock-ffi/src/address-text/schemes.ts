/** What each scheme of an address may be followed by. */
import { invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import { VSOCK_ANY } from '../address/vsock-address.ts'
import { integer } from '../options/values.ts'
import { unescapeAbstractName } from '../address/abstract-name.ts'
import { dbusMeant } from './other-spellings.ts'
import { fullPipeName, isComputerName, LOCAL_PIPE, LONGEST_PIPE_NAME, REMOTE_PIPE } from './pipe-name.ts'
import type { Address, PipeAddress } from './types.ts'

const plainText = (text: string, what: string, where: string): string => {
  if (text.length === 0) throw invalidValue(where, what, 'must not be empty', text)
  if (text.includes('\0')) throw invalidValue(where, what, 'must not contain a NUL', text)
  // UTF-8 has no lone surrogate: the system would be passed another name.
  if (!text.isWellFormed()) throw invalidValue(where, what, 'must not contain a lone surrogate', text)
  return text
}

/** A path, verbatim. */
export const unixPath = (path: string, where: string): Address => ({
  scheme: 'unix',
  path: plainText(path, 'the path', where),
})

/** An abstract name, verbatim; NULs belong to it. */
export const abstract = (name: string, where: string): Address => {
  plainText(name.replaceAll('\0', ' '), 'the abstract name', where)
  return { scheme: 'unix', abstract: name }
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
  if (rest.startsWith('@')) return abstract(unescapeAbstractName(rest.slice(1)), where)
  const dbus = dbusMeant(rest)
  if (dbus !== undefined) {
    throw invalidValue(where, 'the address', `is written as D-Bus does; here it is ${dbus}`, `unix:${rest}`)
  }
  return unixPath(rest, where)
}

/** `npipe:////./pipe/name`, as Docker writes it, has a URL's empty host before the path. */
const EMPTY_HOST = /^\/\/(?=\/\/)/

const pipe = (rest: string, where: string): Address => {
  const host = REMOTE_PIPE.exec(rest)?.[1]
  const local = LOCAL_PIPE.test(rest.replace(EMPTY_HOST, ''))
  const path =
    local || host === undefined
      ? rest.replace(EMPTY_HOST, '').replace(LOCAL_PIPE, '')
      : rest.replace(REMOTE_PIPE, '')
  const name = plainText(path, 'the pipe name', where)
  if (/^[\\/]/.test(name)) throw invalidValue(where, 'the pipe name', 'must not begin with a separator', rest)
  const address: PipeAddress =
    local || host === undefined ? { scheme: 'pipe', name } : { scheme: 'pipe', name, host }
  if (address.host !== undefined && !isComputerName(address.host)) {
    throw invalidValue(where, 'the computer of the pipe', 'must be a plain NetBIOS name', address.host)
  }
  const { length } = fullPipeName(address)
  if (length > LONGEST_PIPE_NAME) {
    throw invalidValue(
      where,
      'the pipe name',
      `must have ${LONGEST_PIPE_NAME} characters at most with what stands before it, not ${length}`,
      name,
    )
  }
  return address
}

/** It becomes part of a file name on POSIX and of a pipe name on Windows, and must be the same on both. */
const name = (rest: string, where: string): Address => {
  const text = plainText(rest, 'the name', where)
  if (/[\\/:*?"<>|\p{Cc}]/u.test(text) || text.startsWith('.')) {
    throw invalidValue(
      where,
      'the name',
      'must be one plain name: no separators, no wildcards, no control characters, no dot at its beginning (spaces are fine). ' +
        'What lies in directories is a path, unix:DIR/NAME, or a pipe, pipe:DIR\\NAME',
      rest,
    )
  }
  return { scheme: 'name', name: text }
}

const tcp = (rest: string, where: string): Address => {
  const match = /^(?:\[([^\]]*)\]|([^:[\]/]*)):(\d{1,6})$/.exec(rest)
  const host = match?.[1] ?? match?.[2]
  if (!match || !host) {
    const slashes = rest.startsWith('//') ? ', without slashes: tcp:localhost:80' : ''
    throw invalidValue(
      where,
      'the TCP address',
      `must be host:port, with an IPv6 host in brackets${slashes}`,
      rest,
    )
  }
  const port = Number(match[3])
  if (port > 65_535) throw outOfRange(where, 'the port', 'an integer from 0 to 65535', port)
  return { scheme: 'tcp', host: plainText(host, 'the host', where), port }
}

const vsock = (rest: string, where: string): Address => {
  const match = /^(\d{1,10}|any):(\d{1,10}|any)$/.exec(rest)
  if (!match)
    throw invalidValue(
      where,
      'the vsock address',
      'must be cid:port, two numbers or `any`, as in vsock:2:1024',
      rest,
    )
  const [cid, port] = [match[1]!, match[2]!].map((each) => (each === 'any' ? VSOCK_ANY : Number(each)))
  integer(where, 'the cid', cid!, 0, VSOCK_ANY)
  integer(where, 'the port', port!, 0, VSOCK_ANY)
  return { scheme: 'vsock', cid: cid!, port: port! }
}

const memory = (rest: string, where: string): Address => ({
  scheme: 'memory',
  name: plainText(rest, 'the name', where),
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
  vsock,
  memory,
  fd,
}

export const knownSchemes: readonly string[] = Object.keys(schemes)

/** Reads what follows a known scheme. */
export const fromScheme = (scheme: string, rest: string, where: string): Address =>
  schemes[scheme]!(rest, where)
