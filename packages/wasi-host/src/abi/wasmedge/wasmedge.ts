/**
 * WasmEdge's socket calls, version 1 and 2. Ports are arguments in host order; an address is `{ buf u32, len u32 }`
 * whose buffer has the 4 or 16 bytes of an IP address, or, in version 2, 128 bytes: the family (u16) and the IP address
 * or the path.
 *
 * @see https://github.com/WasmEdge/WasmEdge: include/host/wasi/wasifunc.h, thirdparty/wasi/api.hpp
 */
import { ipBytes, ipText, type Address, type Family } from '../../network/address.ts'
import { Failure } from '../../outcome/failure.ts'
import { readIovecs, type GuestMemory } from '../../memory/guest-memory.ts'
import type { Outcome } from '../../outcome/sync-promise.ts'
import { PREVIEW1 } from '../../module/profile.ts'
import type { Abi, Guest, Row } from '../abi.ts'
import { socketRows } from '../preview1/socket-rows.ts'
import {
  accept,
  addressRow,
  checkedPort,
  listenRow,
  nameRow,
  lookUp,
  openRow,
  receiveFlags,
  receiveFrom,
  send,
  type ReadAddress,
  type SocketNumbers,
} from '../rows.ts'
import { resolveRow } from './addrinfo.ts'
import { optionRows } from './options.ts'

const numbers: SocketNumbers = {
  families: { 1: 'inet', 2: 'inet6', 3: 'unix' },
  kinds: { 1: 'datagram', 2: 'stream' },
}
const familyNumbers: Readonly<Record<Family, number>> = { inet: 1, inet6: 2, unix: 3 }

/** The length of the form of version 2. */
const WHOLE = 128

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const pathOf = (bytes: Uint8Array): string => {
  // An abstract name begins with a NUL and goes up to the next.
  const end = bytes.indexOf(0, bytes[0] === 0 ? 1 : 0)
  return decoder.decode(bytes.subarray(0, end < 0 ? bytes.length : end))
}

const readAddress: ReadAddress = (memory, pointer, number): Address => {
  const length = memory.u32(pointer + 4)
  if (length > WHOLE) throw new Failure('EINVAL', `an address has 4, 16 or ${WHOLE} bytes, not ${length}`)
  const bytes = memory.copy(memory.u32(pointer), length)
  if (length === 4) return { family: 'inet', host: ipText(bytes), port: checkedPort(number) }
  if (length === 16) return { family: 'inet6', host: ipText(bytes), port: checkedPort(number) }
  if (length !== WHOLE) throw new Failure('EINVAL', `an address has 4, 16 or ${WHOLE} bytes, not ${length}`)
  const family = lookUp(numbers.families, bytes[0]! | (bytes[1]! << 8), 'EAFNOSUPPORT', 'family')
  const data = bytes.subarray(2)
  if (family === 'unix') return { family, path: pathOf(data) }
  return { family, host: ipText(data.subarray(0, family === 'inet' ? 4 : 16)), port: checkedPort(number) }
}

/** Checks where an address will go, before the call is made. */
const checkAddress = (memory: GuestMemory, pointer: number): void => {
  const length = memory.u32(pointer + 4)
  if (length > 0) memory.check(memory.u32(pointer), length)
}

/** @returns The port. */
const writeAddress = (memory: GuestMemory, pointer: number, address: Address): number => {
  const length = memory.u32(pointer + 4)
  const data = address.family === 'unix' ? encoder.encode(address.path) : ipBytes(address.host)
  const bytes = memory.bytes(memory.u32(pointer), length)
  if (length === WHOLE) {
    bytes.fill(0)
    bytes[0] = familyNumbers[address.family]
    bytes.set(data.subarray(0, WHOLE - 2), 2)
  } else if (address.family === 'unix' || length < data.length) {
    throw new Failure('ENOMEM', `the ${data.length} bytes of the address do not fit into ${length}`)
  } else bytes.set(data)
  return address.family === 'unix' ? 0 : address.port
}

const receiveFromRow = (
  guest: Guest,
  [fd, iovs, many, address, flags, portAt, count, outFlags]: readonly number[],
): Outcome<void> => {
  const { memory } = guest
  memory.check(outFlags!, 2)
  checkAddress(memory, address!)
  if (portAt !== 0) memory.check(portAt!, 4)
  const iovec = readIovecs(memory, iovs!, many!)
  const transfer = { fd: fd!, iovec, flags: receiveFlags(flags!), count: count! }
  return receiveFrom(guest, transfer, ({ truncated, from }) => {
    if (from !== undefined && memory.u32(address! + 4) > 0) {
      const number = writeAddress(memory, address!, from)
      if (portAt !== 0) memory.setU32(portAt!, number)
    }
    memory.setU16(outFlags!, truncated ? 1 : 0)
  })
}

const nameRows = (which: 'localAddress' | 'peerAddress'): readonly Row[] => [
  nameRow(which, 'iiii', {
    check: (memory, _address, type, portAt) => {
      memory.check(type, 4)
      memory.check(portAt, 4)
    },
    write: (memory, found, address, type, portAt) => {
      const number = writeAddress(memory, address, found)
      // Version 1 says 4 or 6.
      memory.setU32(type, found.family === 'inet6' ? 6 : 4)
      memory.setU32(portAt, number)
    },
  }),
  nameRow(which, 'iii', {
    check: (memory, _address, portAt) => memory.check(portAt, 4),
    write: (memory, found, address, portAt) => memory.setU32(portAt, writeAddress(memory, address, found)),
  }),
]

const rows: Readonly<Record<string, Row | readonly Row[]>> = {
  sock_open: openRow(numbers),
  sock_bind: addressRow('bind', 'iii', readAddress),
  sock_listen: listenRow,
  sock_connect: addressRow('connect', 'iii', readAddress),
  sock_accept: [
    { parameters: 'ii', waits: true, call: (guest, fd, opened) => accept(guest, fd, false, opened) },
    socketRows['sock_accept']!,
  ],
  sock_recv: socketRows['sock_recv']!,
  sock_send: socketRows['sock_send']!,
  sock_shutdown: socketRows['sock_shutdown']!,
  sock_recv_from: [
    {
      parameters: 'iiiiiii',
      waits: true,
      call: (guest, fd, iovs, count, address, flags, length, outFlags) =>
        receiveFromRow(guest, [fd, iovs, count, address, flags, 0, length, outFlags]),
    },
    { parameters: 'iiiiiiii', waits: true, call: (guest, ...args) => receiveFromRow(guest, args) },
  ],
  sock_send_to: {
    parameters: 'iiiiiii',
    waits: true,
    call: (guest, fd, iovs, many, address, number, _flags, count) => {
      const to = readAddress(guest.memory, address, number)
      return send(guest, { fd, iovec: readIovecs(guest.memory, iovs, many), flags: 0, count }, to)
    },
  },
  sock_getlocaladdr: nameRows('localAddress'),
  sock_getpeeraddr: nameRows('peerAddress'),
  sock_getaddrinfo: resolveRow,
  ...optionRows,
}

export const wasmedge: Abi = {
  name: 'wasmedge',
  modules: [PREVIEW1],
  errno: 'wasi',
  fault: 'EFAULT',
  // WasmEdge takes X_v2 where the type of X does not match; some guests ask for it by that name.
  rows: { ...rows, ...Object.fromEntries(Object.entries(rows).map(([name, row]) => [`${name}_v2`, row])) },
}
