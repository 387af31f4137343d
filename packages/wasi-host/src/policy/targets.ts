/** Where routes lead, as the host writes it. */
import { Duplex } from 'node:stream'
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { parseAddress, type TcpAddress } from '@uds/winsock-ffi/internal'
import type { StreamMaker, Target } from '../network/target.ts'

/** TLS that the host speaks, to that address; the guest speaks plain. */
export interface TlsTarget {
  /** `host:port` */
  readonly tls: string
  /** The name that the certificate must carry. @default the host of the address */
  readonly servername?: string | undefined
  /** PEM certificates to trust instead of Node's. */
  readonly ca?: string | Uint8Array | undefined
}

/**
 * Where a route leads: an address (`unix:`, `pipe:`, `tcp:`, `tls:`, `name:`, `memory:`, `fd:`), TLS with settings, a
 * stream (for one connection), or a function that returns one for each connection.
 */
export type RouteTarget = string | TlsTarget | Duplex | (() => Duplex | Promise<Duplex>)

/** `host:port`, as in `tcp:host:port`. */
const hostPort = (text: string, where: string): { host: string; port: number } => {
  const { host, port } = parseAddress(`tcp:${text}`, { where }) as TcpAddress
  return { host, port }
}

/** The schemes of @uds/stream that a route may lead to, and those that only a guest has. */
const SCHEMES = new Set(['unix', 'tcp', 'tls', 'udp', 'pipe', 'npipe', 'name', 'memory', 'fd'])

/**
 * Reads an address.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE` for a port.
 */
export const parseTarget = (text: string, where: string): Target => {
  const at = text.indexOf(':')
  const scheme = text.slice(0, Math.max(at, 0))
  if (!SCHEMES.has(scheme)) {
    throw invalidValue(
      where,
      'the address',
      'must be unix:PATH, tcp:host:port, tls:host:port, udp:host:port, pipe:name, name:word, memory:name or fd:N',
      text,
    )
  }
  const rest = text.slice(at + 1)
  if (scheme === 'udp') return { kind: 'ip', ...hostPort(rest, where) }
  if (scheme === 'tls') return { kind: 'tls', ...hostPort(rest, where), servername: undefined, ca: undefined }
  const address = parseAddress(text, { where })
  if (address.scheme === 'tcp') return { kind: 'ip', host: address.host, port: address.port }
  if (address.scheme !== 'unix') return { kind: 'stream', address: text }
  return { kind: 'unix', path: 'abstract' in address ? `\0${address.abstract}` : address.path }
}

/** A stream can carry one connection only; the next one is refused. */
const once = (stream: Duplex): StreamMaker => {
  let used = false
  return () => {
    if (used)
      throw Object.assign(new Error('the stream of this route carries a connection already'), {
        code: 'ECONNREFUSED',
      })
    used = true
    return stream
  }
}

/** Reads what a route leads to. Streams are added to `makers`, and named by their place there. */
export const readTarget = (target: RouteTarget, where: string, makers: StreamMaker[]): Target => {
  if (typeof target === 'string') return parseTarget(target, where)
  if (target instanceof Duplex) return { kind: 'duplex', make: makers.push(once(target)) - 1 }
  if (typeof target === 'function') return { kind: 'duplex', make: makers.push(target) - 1 }
  if (typeof target === 'object' && target !== null && typeof target.tls === 'string') {
    const ca = target.ca === undefined ? undefined : Buffer.from(target.ca as Uint8Array).toString('utf8')
    return { kind: 'tls', ...hostPort(target.tls, where), servername: target.servername, ca }
  }
  throw invalidArgument(
    where,
    'the target',
    'an address, { tls: "host:port" }, a Duplex, or a function that returns one',
    target,
  )
}
