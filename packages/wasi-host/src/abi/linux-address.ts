/** Addresses as guest/ABI.md and zig-wasm-cpython write them: family, port in network order, bytes. */
import { ipBytes, ipText, type Address, type IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10

/** The bytes of an entry of `sock_resolve`. */
export const ENTRY = 19

/** As sun_path of Linux, without its NUL: unix(7). */
const LONGEST_PATH = 107

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const readAddress = (memory: GuestMemory, pointer: number, length: number): Address => {
  const bytes = memory.copy(pointer, length)
  const family = bytes[0]
  if (bytes.length < 3) throw new Failure('EINVAL', 'an address has three bytes at least')
  const port = (bytes[1]! << 8) | bytes[2]!
  if (family === AF_INET && (bytes.length === 7 || bytes.length === ENTRY)) {
    return { family: 'inet', host: ipText(bytes.subarray(3, 7)), port }
  }
  if (family === AF_INET6 && bytes.length === ENTRY) {
    return { family: 'inet6', host: ipText(bytes.subarray(3, 19)), port }
  }
  if (family === AF_UNIX) {
    if (bytes.length - 3 > LONGEST_PATH)
      throw new Failure('EINVAL', `a path has ${LONGEST_PATH} bytes at most`)
    return { family: 'unix', path: decoder.decode(bytes.subarray(3)) }
  }
  if (family === AF_INET || family === AF_INET6) {
    throw new Failure('EINVAL', `${bytes.length} bytes are no address of the family ${family}`)
  }
  throw new Failure('EAFNOSUPPORT', `the family ${family} is not 1 (unix), 2 (IPv4) or 10 (IPv6)`)
}

/** The bytes of an address: 19 for IP, 3 and the path for AF_UNIX. */
export const addressBytes = (address: Address): Uint8Array => {
  if (address.family === 'unix') return Uint8Array.of(AF_UNIX, 0, 0, ...encoder.encode(address.path))
  const bytes = new Uint8Array(ENTRY)
  bytes[0] = address.family === 'inet' ? AF_INET : AF_INET6
  bytes[1] = address.port >> 8
  bytes[2] = address.port & 255
  bytes.set(ipBytes(address.host), 3)
  return bytes
}

export const writeEntry = (memory: GuestMemory, pointer: number, address: IpAddress): void =>
  memory.write(pointer, addressBytes(address))
