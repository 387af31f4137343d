/** What sockets of components have in common, of TCP and UDP, in 0.2 and 0.3. */
import type { IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import type { Outcome } from '../outcome/sync-promise.ts'
import type { ComponentHost } from './host.ts'

export type IpFamily = 'inet' | 'inet6'

/** A socket of the core with those that use it: its handle and its streams. The last that is dropped closes it. */
export class SharedSocket {
  readonly id: number
  readonly family: IpFamily
  #users = 1

  constructor(id: number, family: IpFamily) {
    this.id = id
    this.family = family
  }

  use(): this {
    this.#users += 1
    return this
  }

  release(host: ComponentHost): Outcome<void> {
    this.#users -= 1
    return this.#users === 0 ? host.guest.sockets.close(this.id) : undefined
  }
}

export const isUnspecified = ({ host }: { readonly host: string }): boolean =>
  host === '0.0.0.0' || host === '::'

const isMapped = ({ host }: IpAddress): boolean => host.startsWith('::ffff:')

/** An address that is one host's, and neither multicast nor the broadcast. */
const isUnicast = ({ family, host }: IpAddress): boolean => {
  if (family === 'inet6') return !host.startsWith('ff') || !/^ff[\da-f]{2}:/.test(host)
  const first = Number(host.slice(0, host.indexOf('.')))
  return (first < 224 || first > 239) && host !== '255.255.255.255'
}

const invalid = (what: string): never => {
  throw new Failure('EINVAL', what)
}

/** What `bind` of both kinds refuses before any system call. */
export const expectLocal = ({ family }: SharedSocket, address: IpAddress): void => {
  if (address.family !== family) invalid('the address is of another family')
  if (isMapped(address)) invalid('an IPv4-mapped address: these sockets are of one family')
}

/** What `connect` and `send` refuse. */
export const expectRemote = (socket: SharedSocket, address: IpAddress): void => {
  expectLocal(socket, address)
  if (isUnspecified(address) || address.port === 0) invalid('an address that names no peer')
}

/** What TCP refuses besides. */
export const expectUnicast = (address: IpAddress): void => {
  if (!isUnicast(address)) invalid('an address of many hosts, and TCP is between two')
}

/** Options that are kept and have no effect: the system's own settings of keep-alive and of hops. */
export interface KeptOptions {
  keepAliveIdleNs: bigint
  keepAliveIntervalNs: bigint
  keepAliveCount: number
  hopLimit: number
}

/** The defaults of Linux: tcp(7), ip(7). */
export const keptOptions = (): KeptOptions => ({
  keepAliveIdleNs: 7_200_000_000_000n,
  keepAliveIntervalNs: 75_000_000_000n,
  keepAliveCount: 9,
  hopLimit: 64,
})

/** The size of a buffer as the system takes it. */
export const bufferSize = (size: bigint): number => {
  if (size === 0n) throw new Failure('EINVAL', 'a size is more than 0')
  return Number(size < 0x7fff_ffffn ? size : 0x7fff_ffffn)
}
