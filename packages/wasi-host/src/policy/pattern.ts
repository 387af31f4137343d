/** What rules and routes are written in: `host:port`, `udp:host:port`, `unix:/path`, with wildcards. */
import { realpathSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path'
import { invalidValue } from '@uds/winsock-ffi'
import { canonical } from '../network/address.ts'

export type Protocol = 'tcp' | 'udp'

/** What a guest wants to reach: a host by all the names that it is known by, or a path. */
export type Access =
  | { readonly protocol: Protocol; readonly hosts: readonly string[]; readonly port: number }
  | { readonly protocol: 'unix'; readonly path: string }

export interface Pattern {
  /** Whether a name may stand for a host that this matches, whatever the port. */
  matchesHost(host: string): boolean
  matches(wish: Access): boolean
}

const anything: Pattern = { matchesHost: () => true, matches: () => true }

/** The file that a path names in the end, as far as it exists: a link must not lead out of what is allowed. */
const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : resolve(real(parent), path.slice(parent.length).replace(/^[\\/]+/, ''))
  }
}

/** A path as the guest passes it: an abstract name begins with a NUL and is no path. */
export const absolutePath = (path: string): string =>
  path.startsWith('\0') || path === '' ? path : resolve(path)

/** A path as rules are written: an abstract name begins with @. */
const writtenPath = (text: string): string =>
  text.startsWith('@') ? `\0${text.slice(1)}` : absolutePath(text)

/** A path has no host. */
const matchesHost = (): boolean => false

const pathPattern = (text: string, where: string): Pattern => {
  if (text === '') throw invalidValue(where, 'the path', 'must not be empty', text)
  if (text === '*') return { matchesHost, matches: (wish) => wish.protocol === 'unix' }
  if (!text.endsWith('*')) {
    const path = writtenPath(text)
    return { matchesHost, matches: (wish) => wish.protocol === 'unix' && wish.path === path }
  }
  const prefix = text.slice(0, -1)
  if (prefix.startsWith('@')) {
    const name = writtenPath(prefix)
    return { matchesHost, matches: (wish) => wish.protocol === 'unix' && wish.path.startsWith(name) }
  }
  // `/run/app/*` and `/run/app-*`: a directory, and how what is in it begins.
  const whole = /[\\/]$/.test(prefix)
  const directory = resolve(whole ? prefix : dirname(prefix))
  const beginning = whole ? '' : basename(prefix)
  const inside = (from: string, path: string): boolean => {
    const rest = relative(from, path)
    return rest !== '' && !isAbsolute(rest) && !rest.startsWith('..') && rest.startsWith(beginning)
  }
  return {
    matchesHost,
    matches: (wish) =>
      wish.protocol === 'unix' &&
      !wish.path.startsWith('\0') &&
      inside(directory, wish.path) &&
      inside(real(directory), real(wish.path)),
  }
}

const hostMatcher = (text: string, where: string): ((host: string) => boolean) => {
  if (text === '*') return () => true
  const [network, bits] = text.split('/')
  if (bits !== undefined) {
    const version = isIP(network!)
    if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
      throw invalidValue(where, 'the network', 'must be an IP address, a slash and its number of bits', text)
    }
    const list = new BlockList()
    list.addSubnet(network!, Number(bits), version === 4 ? 'ipv4' : 'ipv6')
    return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6')
  }
  if (isIP(text)) {
    const ip = canonical(text)
    return (host) => host === ip
  }
  const name = text.toLowerCase()
  if (name.startsWith('*.')) return (host) => host.endsWith(name.slice(1)) && isIP(host) === 0
  if (!/^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(name)) {
    throw invalidValue(where, 'the host', 'must be a name, *.name, an IP address, a network or *', text)
  }
  return (host) => host === name
}

const portMatcher = (text: string, where: string): ((port: number) => boolean) => {
  if (text === '*') return () => true
  const [first, last = first] = text.split('-')
  const [low, high] = [Number(first), Number(last)]
  if (!/^\d{1,5}(-\d{1,5})?$/.test(text) || low > 65_535 || high > 65_535 || low > high) {
    throw invalidValue(where, 'the port', 'must be 0 to 65535, a range like 8000-8999, or *', text)
  }
  return (port) => port >= low && port <= high
}

/** Splits `host:port`, with an IPv6 host in brackets. */
const splitHostPort = (text: string, where: string): [host: string, port: string] => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([^:]+)$/.exec(text)
  if (!match) {
    throw invalidValue(
      where,
      'the address',
      'must be host:port, with an IPv6 host in brackets, or unix:PATH',
      text,
    )
  }
  return [match[1] ?? match[2]!, match[3]!]
}

/** The host that a bare pattern (`resolve:...`) means. */
export const parseHost = (text: string, where: string): ((host: string) => boolean) =>
  hostMatcher(text, where)

export const parsePattern = (text: string, where: string): Pattern => {
  if (text === '*') return anything
  if (text.startsWith('unix:')) return pathPattern(text.slice(5), where)
  const protocol: Protocol = text.startsWith('udp:') ? 'udp' : 'tcp'
  const rest = /^(udp|tcp):/.test(text) ? text.slice(4) : text
  const [host, port] = splitHostPort(rest, where)
  const matchesName = hostMatcher(host, where)
  const matchesPort = portMatcher(port, where)
  return {
    matchesHost: matchesName,
    matches: (wish) => wish.protocol === protocol && matchesPort(wish.port) && wish.hosts.some(matchesName),
  }
}

/** A wish as it is written in rules. */
export const showAccess = (wish: Access): string => {
  if (wish.protocol === 'unix') {
    return `unix:${wish.path.startsWith('\0') ? `@${wish.path.slice(1)}` : wish.path}`
  }
  // The name that the guest used, if any: it says more than the address.
  const host = wish.hosts.at(-1)!
  return `${wish.protocol === 'udp' ? 'udp:' : ''}${host.includes(':') ? `[${host}]` : host}:${wish.port}`
}
