/** InetAddress: an IP address and a port. */
import { invalidArgument, invalidValue, outOfRange } from '../errors/wrong-argument.ts'
import { net } from '../runtime/net.ts'
import { bytesToIp, ipToBytes } from './ip.ts'
import { layout as thisSystem } from './layout.ts'
import {
  decodeInet,
  encodeInet,
  familyOf,
  SOCKADDR_IN6_SIZE,
  SOCKADDR_IN_SIZE,
  type SockaddrLayout,
} from './sockaddr.ts'

/** The address of an IPv4 or IPv6 socket. Immutable. */
export class InetAddress {
  readonly family: 'inet' | 'inet6'
  /** The IP address, in its canonical text. */
  readonly host: string
  readonly port: number
  /** The number of the interface that a link-local IPv6 address belongs to; 0 for none. */
  readonly scopeId: number

  /**
   * @param host - An IP address, not a name: this layer resolves nothing.
   * @param port - 0 to 65535; 0 lets `bind` choose one.
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for anything but an IP address; RangeError `ERR_OUT_OF_RANGE` for the port.
   */
  constructor(host: string, port: number, options: { readonly scopeId?: number } = {}) {
    const where = 'InetAddress'
    if (typeof host !== 'string') throw invalidArgument(where, 'the host', 'a string', host)
    if (!net().isIP(host) || host.includes('%')) {
      throw invalidValue(where, 'the host', 'must be an IPv4 or IPv6 address (resolve names first)', host)
    }
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw outOfRange(where, 'the port', 'an integer from 0 to 65535', port)
    }
    const ip = ipToBytes(host)
    this.family = ip.length === 16 ? 'inet6' : 'inet'
    this.host = bytesToIp(ip)
    this.port = port
    this.scopeId = options.scopeId ?? 0
  }

  /**
   * Reads a `sockaddr_in` or `sockaddr_in6`.
   *
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for another family or too few bytes.
   */
  static decode(bytes: Uint8Array, layout: SockaddrLayout = thisSystem): InetAddress {
    const family = familyOf(bytes, layout)
    const size =
      family === layout.AF_INET ? SOCKADDR_IN_SIZE : family === layout.AF_INET6 ? SOCKADDR_IN6_SIZE : Infinity
    if (bytes.length < size) {
      throw invalidValue(
        'InetAddress.decode',
        'the bytes',
        'must be a whole sockaddr_in or sockaddr_in6',
        bytes,
      )
    }
    const { ip, port, scopeId } = decodeInet(bytes, layout)
    return new InetAddress(bytesToIp(ip), port, { scopeId })
  }

  encode(layout: SockaddrLayout = thisSystem): Uint8Array {
    return encodeInet({ ip: ipToBytes(this.host), port: this.port, scopeId: this.scopeId }, layout)
  }

  /** `tcp:127.0.0.1:80`, `tcp:[::1]:80` */
  toString(): string {
    return `tcp:${this.family === 'inet6' ? `[${this.host}]` : this.host}:${this.port}`
  }

  equals(other: unknown): boolean {
    return (
      other instanceof InetAddress &&
      other.host === this.host &&
      other.port === this.port &&
      other.scopeId === this.scopeId
    )
  }
}
