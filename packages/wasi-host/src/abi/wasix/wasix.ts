/**
 * WASIX' socket calls. An address is 110 bytes, `{ tag u8 @0, port u16 @2, bytes @4 }` in host order, or, for AF_UNIX,
 * the path of up to 107 bytes @2. What its own host has and this one has not is `ENOTSUP`: raw and seqpacket sockets,
 * multicast, and sending files.
 *
 * @see https://github.com/wasix-org/wasix-libc: libc-bottom-half/headers/public/wasi/api_wasix.h
 */
import type { Kind } from '../../network/address.ts'
import { DONTWAIT } from '../../sockets/socket-calls.ts'
import { Failure } from '../../outcome/failure.ts'
import { readIovecs } from '../../memory/guest-memory.ts'
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import { PREVIEW1, WASIX } from '../../module/profile.ts'
import type { Abi, Guest, Row } from '../abi.ts'
import { socketRows } from '../preview1/socket-rows.ts'
import {
  accept,
  addressRow,
  listenRow,
  nameRow,
  lookUp,
  openSocket,
  receiveFlags,
  receiveFrom,
  resolve,
  send,
  vectorRows,
  type AddressWriter,
  type Numbers,
} from '../rows.ts'
import { ADDRESS, families, IP_ENTRY, readAddress, writeAddress, writeIpEntry } from './address.ts'
import { optionRows } from './options.ts'

const FDFLAGS_NONBLOCK = 4
/** `__wasi_riflags_t`: PEEK, WAITALL, DATA_TRUNCATED (which requests what is reported anyway), DONT_WAIT. */
const RIFLAGS = 15
const RECV_DONT_WAIT = 8
const SEND_DONT_WAIT = 1

const kinds: Numbers<Kind> = { 1: 'stream', 2: 'datagram' }
/** RAW and SEQPACKET. */
const otherTypes: ReadonlySet<number> = new Set([3, 4])

/** 0 is the one that fits; wasix-libc passes those of IP for AF_UNIX as well. */
const protocols: Readonly<Record<Kind, readonly number[]>> = { stream: [0, 6], datagram: [0, 17] }

/** `__wasi_sock_status_t` */
const statuses = { open: 0, connecting: 0, bound: 1, listening: 1, connected: 1, failed: 3 } as const

const addressWriter: AddressWriter = {
  check: (memory, at) => memory.check(at, ADDRESS),
  write: (memory, found, at) => writeAddress(memory, at, found),
}

const checkType = (type: number, protocol: number): void => {
  if (otherTypes.has(type)) throw new Failure('ENOTSUP', 'raw and seqpacket sockets are not offered')
  const kind = lookUp(kinds, type, 'EPROTOTYPE', 'type')
  if (!protocols[kind].includes(protocol))
    throw new Failure('EPROTONOSUPPORT', `the protocol ${protocol} is none of a ${kind} socket`)
}

const parseAcceptFlags = (flags: number): boolean => {
  if ((flags & ~FDFLAGS_NONBLOCK) !== 0) throw new Failure('EINVAL', 'accept knows the flag NONBLOCK only')
  return flags !== 0
}

const parseReceiveFlags = (flags: number): number => {
  if ((flags & ~RIFLAGS) !== 0) throw new Failure('EINVAL', `the flags ${flags} are not known here`)
  return receiveFlags(flags) | (flags & RECV_DONT_WAIT ? DONTWAIT : 0)
}

const parseSendFlags = (flags: number): number => {
  if ((flags & ~SEND_DONT_WAIT) !== 0) throw new Failure('EINVAL', `the flags ${flags} are not known here`)
  return flags & SEND_DONT_WAIT ? DONTWAIT : 0
}

/** Both ends of a stream, whatever family was asked for: they have no address. */
const pair = (guest: Guest, first: number, second: number): Outcome<void> => {
  const { memory, fds, sockets } = guest
  memory.check(first, 4)
  memory.check(second, 4)
  fds.expectRoom(2)
  return after(sockets.pair(), ([one, other]) => {
    memory.setU32(first, fds.addSocket(one))
    memory.setU32(second, fds.addSocket(other))
  })
}

/** A call that checks its descriptor, and then says that this host does not offer it. */
const notOffered = (parameters: string, what: string): Row => ({
  parameters,
  call: (guest, fd) => {
    guest.fds.socket(fd)
    throw new Failure('ENOTSUP', `${what} is not offered`)
  },
})

/** Those that a guest imports from preview 1 as well; WASIX has more flags. */
const transferRows = vectorRows(parseReceiveFlags, parseSendFlags)

const acceptRow: Row = {
  parameters: 'iiii',
  waits: true,
  call: (guest, fd, flags, opened, address) => {
    guest.memory.check(address, ADDRESS)
    return accept(guest, fd, parseAcceptFlags(flags), opened, (peer) =>
      writeAddress(guest.memory, address, peer),
    )
  },
}

const rows: Abi['rows'] = {
  ...transferRows,
  sock_shutdown: socketRows['sock_shutdown']!,
  sock_open: {
    parameters: 'iiii',
    subject: 'guest',
    waits: true,
    call: (guest, family, type, protocol, fd) => {
      checkType(type, protocol)
      return openSocket(guest, { families, kinds }, family, type, fd)
    },
  },
  sock_pair: {
    parameters: 'iiiii',
    subject: 'guest',
    waits: true,
    call: (guest, family, type, protocol, first, second) => {
      lookUp(families, family, 'EAFNOSUPPORT', 'family')
      checkType(type, protocol)
      if (kinds[type] !== 'stream') throw new Failure('ENOTSUP', 'pairs of datagram sockets are not offered')
      return pair(guest, first, second)
    },
  },
  sock_bind: addressRow('bind', 'ii', readAddress),
  sock_listen: listenRow,
  sock_accept: acceptRow,
  sock_accept_v2: acceptRow,
  sock_connect: addressRow('connect', 'ii', readAddress),
  sock_recv_from: {
    parameters: 'iiiiiii',
    waits: true,
    call: (guest, fd, iovs, many, flags, count, outFlags, address) => {
      const { memory } = guest
      memory.check(outFlags, 2)
      memory.check(address, ADDRESS)
      const iovec = readIovecs(memory, iovs, many)
      return receiveFrom(
        guest,
        { fd, iovec, flags: parseReceiveFlags(flags), count },
        ({ truncated, from }) => {
          writeAddress(memory, address, from)
          memory.setU16(outFlags, truncated ? 1 : 0)
        },
      )
    },
  },
  sock_send_to: {
    parameters: 'iiiiii',
    waits: true,
    call: (guest, fd, iovs, many, flags, address, count) => {
      const to = readAddress(guest.memory, address)
      const iovec = readIovecs(guest.memory, iovs, many)
      return send(guest, { fd, iovec, flags: parseSendFlags(flags), count }, to)
    },
  },
  sock_send_file: notOffered('iiIIi', 'sending files'),
  sock_addr_local: nameRow('localAddress', 'ii', addressWriter),
  sock_addr_peer: nameRow('peerAddress', 'ii', addressWriter),
  sock_status: {
    parameters: 'ii',
    call: (guest, fd, at) => {
      guest.memory.check(at, 1)
      return after(guest.sockets.facts(guest.fds.socket(fd)), ({ state }) =>
        guest.memory.setU8(at, statuses[state]),
      )
    },
  },
  resolve: {
    parameters: 'iiiiii',
    subject: 'guest',
    waits: true,
    // The port is a hint, and no part of the answer.
    call: (guest, host, hostLength, _port, at, most, count) =>
      resolve(guest, { at, most, entry: IP_ENTRY, count, write: writeIpEntry }, () => ({
        host: guest.memory.text(host, hostLength),
        port: 0,
      })),
  },
  sock_join_multicast_v4: notOffered('iii', 'multicast'),
  sock_leave_multicast_v4: notOffered('iii', 'multicast'),
  sock_join_multicast_v6: notOffered('iii', 'multicast'),
  sock_leave_multicast_v6: notOffered('iii', 'multicast'),
  ...optionRows,
}

export const wasix: Abi = {
  name: 'wasix',
  modules: [WASIX],
  errno: 'wasi',
  fault: 'EMEMVIOLATION',
  rows,
}

/** What its guests import from preview 1, and call with flags that preview 1 has not. */
export const wasixPreview1: Abi = {
  name: 'wasix',
  modules: [PREVIEW1],
  errno: 'wasi',
  fault: 'EMEMVIOLATION',
  rows: transferRows,
}
