/** `ip-socket-address` and `ip-address` as types. */
import type { IpAddress } from '../../network/address.ts'
import {
  ADDRESS,
  ADDRESS_SLOTS,
  flatAddress,
  IP,
  readAddress,
  writeAddress,
  writeIp,
} from '../socket-address.ts'
import type { ValueType } from '../types/type.ts'
import { trap } from '../trap.ts'

export const socketAddress: ValueType<IpAddress> = {
  flat: ADDRESS_SLOTS,
  size: ADDRESS,
  align: 4,
  lift: (from) => flatAddress(Array.from(ADDRESS_SLOTS, () => Number(from.next()))),
  load: ({ guest }, at) => readAddress(guest.memory, at),
  store: ({ guest }, at, address) => writeAddress(guest.memory, at, address),
}

/** The host never takes one. */
export const ipAddress: ValueType<string> = {
  flat: 'iiiiiiiii',
  size: IP,
  align: 2,
  lift: () => trap('an address without a port is given by the host only'),
  load: () => trap('an address without a port is given by the host only'),
  store: ({ guest }, at, address) => writeIp(guest.memory, at, address),
}
