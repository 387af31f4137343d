/** `ip-socket-address` and `ip-address` of wasi:sockets/network: flat, and in memory. */
import { ipBytes, ipText, type Address, type IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { ValueType } from './canonical/type.ts'
import { trap } from './trap.ts'

/** Flat values of an address: the tag and 11 joined slots. */
export const ADDRESS_SLOTS = 'iiiiiiiiiiii'

/** In memory: 32 bytes, `{ tag u8 @0, port u16 @4, ... }`; IPv4 has its bytes @6, IPv6 its flow @8, its words @12, its scope @28. */
export const ADDRESS = 32

const wordsOf = (words: readonly number[]): string => {
  const bytes = new Uint8Array(16)
  for (const [index, word] of words.entries()) {
    bytes[2 * index] = (word >> 8) & 255
    bytes[2 * index + 1] = word & 255
  }
  return ipText(bytes)
}

/** An address from its flat values. */
export const flatAddress = ([tag, port, ...rest]: readonly number[]): IpAddress => {
  if (tag === 0)
    return { family: 'inet', host: ipText(Uint8Array.from(rest.slice(0, 4))), port: port! & 0xffff }
  if (tag === 1) return { family: 'inet6', host: wordsOf(rest.slice(1, 9)), port: port! & 0xffff }
  return trap(`an address of the case ${tag}`)
}

/** An address in memory. */
export const readAddress = (memory: GuestMemory, at: number): IpAddress => {
  const tag = memory.u8(at)
  if (tag === 0) return { family: 'inet', host: ipText(memory.copy(at + 6, 4)), port: memory.u16(at + 4) }
  if (tag !== 1) return trap(`an address of the case ${tag}`)
  const words = Array.from({ length: 8 }, (_, index) => memory.u16(at + 12 + 2 * index))
  return { family: 'inet6', host: wordsOf(words), port: memory.u16(at + 4) }
}

const wordAt = (bytes: Uint8Array, index: number): number => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!

export const writeAddress = (memory: GuestMemory, at: number, address: Address): void => {
  if (address.family === 'unix') throw new Failure('ENOTSUP', 'WASI 0.2 has no addresses of AF_UNIX')
  memory.bytes(at, ADDRESS).fill(0)
  const bytes = ipBytes(address.host)
  memory.setU16(at + 4, address.port)
  if (address.family === 'inet') return memory.write(at + 6, bytes)
  memory.setU8(at, 1)
  for (let index = 0; index < 8; index += 1) memory.setU16(at + 12 + 2 * index, wordAt(bytes, index))
}

/** `ip-address`: 18 bytes, the tag and the payload @2. */
export const IP = 18

export const writeIp = (memory: GuestMemory, at: number, host: string): void => {
  memory.bytes(at, IP).fill(0)
  const bytes = ipBytes(host)
  if (bytes.length === 4) return memory.write(at + 2, bytes)
  memory.setU8(at, 1)
  for (let index = 0; index < 8; index += 1) memory.setU16(at + 2 + 2 * index, wordAt(bytes, index))
}

/** What is written may be any address: one of AF_UNIX fails, since WASI has none. */
export const socketAddress: ValueType<IpAddress> = {
  flat: ADDRESS_SLOTS,
  size: ADDRESS,
  align: 4,
  lift: (from) => flatAddress(Array.from(ADDRESS_SLOTS, () => from.word())),
  load: ({ guest }, at) => readAddress(guest.memory, at),
  store: ({ guest }, at, address) => writeAddress(guest.memory, at, address),
  lower: () => trap('an address fits into no core value'),
}

/** An address without a port, which the host never takes. */
export const ipAddress: ValueType<string> = {
  flat: 'iiiiiiiii',
  size: IP,
  align: 2,
  lift: () => trap('an address without a port is given by the host only'),
  load: () => trap('an address without a port is given by the host only'),
  store: ({ guest }, at, address) => writeIp(guest.memory, at, address),
  lower: () => trap('an address fits into no core value'),
}
