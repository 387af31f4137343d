/**
 * wasm-micro-runtime's socket calls. An address is `{ kind u32 (0 = IPv4, 1 = IPv6), ip, port u16 }` in host order:
 * four bytes and the port, or eight 16-bit words and the port.
 *
 * @see https://github.com/bytecodealliance/wasm-micro-runtime: core/iwasm/libraries/lib-socket/inc/wasi_socket_ext.h
 */
import { ipBytes, ipText, type Address, type IpAddress } from '../network/address.ts'
import type { Option } from '../sockets/socket-calls.ts'
import { Failure } from '../outcome/failure.ts'
import { singleIovec, type GuestMemory } from '../memory/guest-memory.ts'
import { after } from '../outcome/sync-promise.ts'
import { PREVIEW1 } from '../module/profile.ts'
import type { Abi, Row } from './abi.ts'
import { socketRows } from './preview1/socket-rows.ts'
import {
  addressRow,
  closeRow,
  listenRow,
  nameRow,
  openSocket,
  receiveFlags,
  receiveFrom,
  resolve,
  send,
  servicePort,
  type AddressWriter,
  type ReadAddress,
  type SocketNumbers,
} from './rows.ts'

const IPV4 = 0
const IPV6 = 1

/** `__wasi_addr_t`: the kind, and the larger of both forms. */
const ADDRESS = 24
/** `__wasi_addr_info_t`: an address and the type of socket. */
const ADDRESS_INFO = 28

const numbers: SocketNumbers = {
  families: { 0: 'inet', 1: 'inet6' },
  kinds: { 0: 'datagram', 1: 'stream' },
}
const STREAM = 1
/** Of the addresses of names that are hinted at: 2 is both. */
const nameFamilies: Readonly<Record<number, 'inet' | 'inet6'>> = { 0: 'inet', 1: 'inet6' }

const readAddress: ReadAddress = (memory, pointer): Address => {
  const kind = memory.u32(pointer)
  if (kind === IPV4) {
    return { family: 'inet', host: ipText(memory.copy(pointer + 4, 4)), port: memory.u16(pointer + 8) }
  }
  if (kind !== IPV6)
    throw new Failure('EAFNOSUPPORT', `an address is of the kind 0 (IPv4) or 1 (IPv6), not ${kind}`)
  const bytes = new Uint8Array(16)
  for (let index = 0; index < 8; index += 1) {
    const word = memory.u16(pointer + 4 + 2 * index)
    bytes[2 * index] = word >> 8
    bytes[2 * index + 1] = word & 255
  }
  return { family: 'inet6', host: ipText(bytes), port: memory.u16(pointer + 20) }
}

const writeAddress = (memory: GuestMemory, pointer: number, address: Address): void => {
  if (address.family === 'unix') throw new Failure('EAFNOSUPPORT', 'this ABI has no addresses of AF_UNIX')
  memory.bytes(pointer, ADDRESS).fill(0)
  const bytes = ipBytes(address.host)
  if (address.family === 'inet') {
    memory.write(pointer + 4, bytes)
    memory.setU16(pointer + 8, address.port)
    return
  }
  memory.setU32(pointer, IPV6)
  for (let index = 0; index < 8; index += 1) {
    memory.setU16(pointer + 4 + 2 * index, (bytes[2 * index]! << 8) | bytes[2 * index + 1]!)
  }
  memory.setU16(pointer + 20, address.port)
}

/** Text that ends with a NUL. */
const text = (memory: GuestMemory, pointer: number): string => {
  let length = 0
  while (length < 1024 && memory.u8((pointer >>> 0) + length) !== 0) length += 1
  return memory.text(pointer, length)
}

const addressWriter: AddressWriter = {
  check: (memory, address) => memory.check(address, ADDRESS),
  write: (memory, found, address) => writeAddress(memory, address, found),
}

type OptionKind = 'bool' | 'size' | 'time' | 'linger'

/** Options have a call each, to set and to get. */
const options: Readonly<Record<string, readonly [Option, OptionKind]>> = {
  broadcast: ['SO_BROADCAST', 'bool'],
  keep_alive: ['SO_KEEPALIVE', 'bool'],
  reuse_addr: ['SO_REUSEADDR', 'bool'],
  tcp_no_delay: ['TCP_NODELAY', 'bool'],
  ipv6_only: ['IPV6_V6ONLY', 'bool'],
  recv_buf_size: ['SO_RCVBUF', 'size'],
  send_buf_size: ['SO_SNDBUF', 'size'],
  recv_timeout: ['SO_RCVTIMEO', 'time'],
  send_timeout: ['SO_SNDTIMEO', 'time'],
  linger: ['SO_LINGER', 'linger'],
}

const setRow = (option: Option, kind: OptionKind): Row => {
  if (kind === 'time') {
    return {
      parameters: 'iI',
      call: (guest, fd, micros) => {
        const ms = Number((BigInt(micros) + 999n) / 1000n)
        return guest.sockets.setOption(guest.fds.socket(fd), option, ms <= 0 ? -1 : Math.min(ms, 0x7fff_ffff))
      },
    }
  }
  if (kind === 'linger') {
    return {
      parameters: 'iii',
      call: (guest, fd, on, seconds) =>
        guest.sockets.setOption(guest.fds.socket(fd), option, on === 0 ? -1 : seconds),
    }
  }
  return {
    parameters: 'ii',
    call: (guest, fd, value) => guest.sockets.setOption(guest.fds.socket(fd), option, value),
  }
}

const getRow = (option: Option, kind: OptionKind): Row => ({
  parameters: kind === 'linger' ? 'iii' : 'ii',
  call: (guest, fd, at, seconds) => {
    const { memory } = guest
    memory.check(at, kind === 'time' ? 8 : kind === 'size' ? 4 : 1)
    if (kind === 'linger') memory.check(seconds, 4)
    return after(guest.sockets.getOption(guest.fds.socket(fd), option), (got) => {
      const value = Number(got)
      if (kind === 'time') memory.setU64(at, BigInt(Math.max(value, 0)) * 1000n)
      else if (kind === 'size') memory.setU32(at, value)
      else if (kind === 'bool') memory.setU8(at, value === 0 ? 0 : 1)
      else {
        memory.setU8(at, value < 0 ? 0 : 1)
        memory.setU32(seconds, Math.max(value, 0))
      }
    })
  },
})

export const wamr: Abi = {
  name: 'wamr',
  modules: [PREVIEW1],
  errno: 'wasi',
  fault: 'EINVAL',
  rows: {
    sock_accept: socketRows['sock_accept']!,
    sock_recv: socketRows['sock_recv']!,
    sock_send: socketRows['sock_send']!,
    sock_shutdown: socketRows['sock_shutdown']!,
    sock_open: {
      parameters: 'iiii',
      subject: 'guest',
      waits: true,
      // The pool of descriptors, which its own host does not use either.
      call: (guest, _pool, family, type, fd) => openSocket(guest, numbers, family, type, fd),
    },
    sock_bind: addressRow('bind', 'ii', readAddress),
    sock_connect: addressRow('connect', 'ii', readAddress),
    sock_listen: listenRow,
    sock_close: closeRow,
    sock_recv_from: {
      parameters: 'iiiiii',
      waits: true,
      call: (guest, fd, buffer, length, flags, address, count) => {
        guest.memory.check(address, ADDRESS)
        const iovec = singleIovec(guest.memory, buffer, length)
        return receiveFrom(guest, { fd, iovec, flags: receiveFlags(flags), count }, ({ from }) => {
          if (from !== undefined) writeAddress(guest.memory, address, from)
        })
      },
    },
    sock_send_to: {
      parameters: 'iiiiii',
      waits: true,
      call: (guest, fd, buffer, length, _flags, address, count) => {
        const to = readAddress(guest.memory, address)
        return send(guest, { fd, iovec: singleIovec(guest.memory, buffer, length), flags: 0, count }, to)
      },
    },
    sock_addr_resolve: {
      parameters: 'iiiiii',
      subject: 'guest',
      waits: true,
      // hints: { type u32, family u32, hints_enabled u8 }
      call: (guest, host, service, hints, at, most, count) => {
        const { memory } = guest
        const hinted = hints !== 0 && memory.u8(hints + 8) !== 0
        const type = hinted ? memory.u32(hints) : STREAM
        const write = (_memory: GuestMemory, info: number, address: IpAddress): void => {
          writeAddress(memory, info, address)
          memory.setU32(info + ADDRESS, type)
        }
        return resolve(guest, { at, most, entry: ADDRESS_INFO, count, write }, () => ({
          host: text(memory, host),
          port: servicePort(service === 0 ? '' : text(memory, service)),
          family: hinted ? nameFamilies[memory.u32(hints + 4)] : undefined,
        }))
      },
    },
    sock_addr_local: nameRow('localAddress', 'ii', addressWriter),
    sock_addr_remote: nameRow('peerAddress', 'ii', addressWriter),
    ...Object.fromEntries(
      Object.entries(options).flatMap(([name, [option, kind]]) => [
        [`sock_set_${name}`, setRow(option, kind)],
        [`sock_get_${name}`, getRow(option, kind)],
      ]),
    ),
  },
}
