/** The addresses that a guest speaks of. Plain data, so that they can go to another thread. */
import { isIP } from 'node:net'
import { InetAddress, type SocketAddress, type UnixAddress } from '@uds/winsock-ffi'
import { Failure } from '../outcome/failure.ts'

export type Family = 'inet' | 'inet6' | 'unix'
export type Kind = 'stream' | 'datagram'

/** An address of IPv4 or IPv6, with the IP address in its canonical text. */
export interface IpAddress {
  readonly family: 'inet' | 'inet6'
  readonly host: string
  readonly port: number
}

/** The address of an AF_UNIX socket; an empty path is that of an unnamed one. */
export interface PathAddress {
  readonly family: 'unix'
  readonly path: string
}

export type Address = IpAddress | PathAddress

export const ipAddress = (host: string, port: number): IpAddress => {
  const plain = host.includes('%') ? host.slice(0, host.indexOf('%')) : host
  return { family: isIP(plain) === 6 ? 'inet6' : 'inet', host: canonical(plain), port }
}

/** One spelling of each IP address, so that addresses can be compared as text. */
export const canonical = (host: string): string => (isIP(host) === 6 ? new InetAddress(host, 0).host : host)

/** `127.0.0.1:80`, `[::1]:80`, `unix:/run/x` */
export const show = (address: Address): string => {
  if (address.family === 'unix') return `unix:${address.path}`
  return address.family === 'inet6' ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** The address of a socket that has none yet: what getsockname(2) returns before bind(2). */
export const unspecified = (family: Family): Address =>
  family === 'unix' ? { family, path: '' } : { family, host: family === 'inet' ? '0.0.0.0' : '::', port: 0 }

export const fromSystem = (address: SocketAddress): Address => {
  if (address.family === 'unix') return { family: 'unix', path: pathOf(address) }
  // No socket of a guest is of the family vsock.
  if (address.family === 'vsock') return unspecified('unix')
  return { family: address.family, host: address.host, port: address.port }
}

/** An abstract name begins with a NUL, as it does in sun_path. */
const pathOf = (address: UnixAddress): string => {
  if (address.kind === 'abstract') return `\0${new TextDecoder().decode(address.bytes)}`
  return address.pathname ?? ''
}

/** The 4 or 16 bytes of an IP address. */
export const ipBytes = (host: string): Uint8Array => {
  const six = isIP(host) === 6
  // sockaddr_in has the address at 4, sockaddr_in6 at 8: ip(7), ipv6(7).
  return new InetAddress(host, 0).encode().slice(six ? 8 : 4, six ? 24 : 8)
}

/** The text of 4 or 16 bytes. */
export const ipText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  const words: string[] = []
  for (let at = 0; at < 16; at += 2) words.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16))
  return canonical(words.join(':'))
}

/** Fails unless the address fits a socket of the family. */
export const expectFamily = (family: Family, address: Address): void => {
  if (address.family !== family) {
    throw new Failure('EAFNOSUPPORT', `the socket is of the family ${family}, and ${show(address)} is not`)
  }
}
