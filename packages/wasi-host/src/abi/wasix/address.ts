/** Addresses as WASIX has them: `__wasi_addr_port_t`, 110 bytes, and `__wasi_addr_ip_t`, 18. */
import { ipBytes, ipText, type Address, type Family, type IpAddress } from '../../network/address.ts'
import { Failure } from '../../outcome/failure.ts'
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { lookUp, type Numbers } from '../rows.ts'

export const ADDRESS = 110
export const IP_ENTRY = 18

export const families: Numbers<Family> = { 1: 'inet', 2: 'inet6', 3: 'unix' }
const tags: Readonly<Record<Family, number>> = { inet: 1, inet6: 2, unix: 3 }

/** Behind the tag and a byte of padding. */
const UNION = 2
/** Behind the port. */
const IP = 4
const LONGEST_PATH = 107

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const readAddress = (memory: GuestMemory, at: number): Address => {
  memory.check(at, ADDRESS)
  const family = lookUp(families, memory.u8(at), 'EAFNOSUPPORT', 'family')
  if (family !== 'unix') {
    const host = ipText(memory.copy(at + IP, family === 'inet' ? 4 : 16))
    return { family, host, port: memory.u16(at + UNION) }
  }
  const bytes = memory.copy(at + UNION, LONGEST_PATH + 1)
  // An abstract name begins with a NUL and goes up to the next.
  const end = bytes.indexOf(0, bytes[0] === 0 ? 1 : 0)
  if (end < 0) throw new Failure('EINVAL', `a path has ${LONGEST_PATH} bytes at most`)
  return { family, path: decoder.decode(bytes.subarray(0, end)) }
}

/** Writes an address; one that is not known is the family 0. */
export const writeAddress = (memory: GuestMemory, at: number, address: Address | undefined): void => {
  memory.bytes(at, ADDRESS).fill(0)
  if (address === undefined) return
  memory.setU8(at, tags[address.family])
  if (address.family === 'unix') {
    memory.write(at + UNION, encoder.encode(address.path).subarray(0, LONGEST_PATH))
    return
  }
  memory.setU16(at + UNION, address.port)
  memory.write(at + IP, ipBytes(address.host))
}

/** Writes an IP address without a port. */
export const writeIpEntry = (memory: GuestMemory, at: number, address: IpAddress): void => {
  memory.bytes(at, IP_ENTRY).fill(0)
  memory.setU8(at, tags[address.family])
  memory.write(at + UNION, ipBytes(address.host))
}
