/** WASIX' socket options: one numbering, and three pairs of calls for flags, sizes and times. */
import type { Option } from '../../sockets/socket-calls.ts'
import { errnoOf } from '../../outcome/errno.ts'
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { Guest, Row } from '../abi.ts'
import type { Numbers } from '../rows.ts'

/** Options that do not exist here are `ENOTSUP`; those of another pair of calls `EINVAL`, as at its own host. */
type Known = Option | 'nothing' | 'unsupported'

const NOOP = 0

/** `__wasi_sock_option_t` */
const flags: Numbers<Known> = {
  [NOOP]: 'nothing',
  1: 'unsupported', // REUSE_PORT
  2: 'SO_REUSEADDR',
  3: 'TCP_NODELAY',
  4: 'unsupported', // DONT_ROUTE
  5: 'IPV6_V6ONLY',
  6: 'SO_BROADCAST',
  7: 'unsupported', // MULTICAST_LOOP_V4
  8: 'unsupported', // MULTICAST_LOOP_V6
  9: 'unsupported', // PROMISCUOUS
  10: 'SO_ACCEPTCONN',
  12: 'SO_KEEPALIVE',
  14: 'unsupported', // OOB_INLINE
}

const sizes: Numbers<Known> = {
  11: 'SO_ERROR',
  15: 'SO_RCVBUF',
  16: 'SO_SNDBUF',
  17: 'unsupported', // RECV_LOWAT
  18: 'unsupported', // SEND_LOWAT
  23: 'unsupported', // TTL
  24: 'unsupported', // MULTICAST_TTL_V4
  25: 'SO_TYPE', // whose numbers are the same here
  26: 'SO_PROTOCOL',
}

const times: Numbers<Known> = {
  13: 'SO_LINGER',
  19: 'SO_RCVTIMEO',
  20: 'SO_SNDTIMEO',
  21: 'CONNECT_TIMEOUT',
  22: 'ACCEPT_TIMEOUT',
}

const all: Numbers<Known> = { ...flags, ...sizes, ...times }

/** `__wasi_option_timestamp_t`: `{ tag u8 @0 (0 none, 1 some), nanoseconds u64 @8 }` */
const TIME = 16
const NS_PER_MS = 1_000_000n
const NS_PER_S = 1_000_000_000n
const MOST = 0x7fff_ffffn

/** The option, or undefined for the one that does nothing. */
const requireOption = (table: Numbers<Known>, number: number): Option | undefined => {
  if (!Object.hasOwn(all, number)) throw new Failure('ENOPROTOOPT', `there is no option ${number}`)
  const option = Object.hasOwn(table, number) ? table[number] : undefined
  if (option === undefined)
    throw new Failure('EINVAL', `the option ${number} is read and written by other calls than this`)
  if (option === 'unsupported') throw new Failure('ENOTSUP', `the option ${number} is not offered`)
  return option === 'nothing' ? undefined : option
}

const bounded = (value: bigint): number => Number(value < MOST ? value : MOST)

/** Reads a time, in the unit of the option; none is -1. */
const readTime = (guest: Guest, at: number, unit: bigint): number => {
  guest.memory.check(at, TIME)
  if (guest.memory.u8(at) === 0) return -1
  // Rounded up, so that a short time is not none.
  return bounded((guest.memory.u64(at + 8) + unit - 1n) / unit)
}

const unitOf = (option: Option): bigint => (option === 'SO_LINGER' ? NS_PER_S : NS_PER_MS)

/** What an option is, as a number. */
const numberOf = (got: number | string): number => (typeof got === 'string' ? errnoOf(got, 'wasi') : got)

const getRow = (
  table: Numbers<Known>,
  length: number,
  write: (guest: Guest, at: number, value: number, option: Option) => void,
): Row => ({
  parameters: 'iii',
  call: (guest, fd, number, at) => {
    const id = guest.fds.socket(fd)
    guest.memory.check(at, length)
    const option = requireOption(table, number)
    if (option === undefined) return write(guest, at, 0, 'SO_ERROR')
    return after(guest.sockets.getOption(id, option), (got) => write(guest, at, numberOf(got), option))
  },
})

const setRow = (
  table: Numbers<Known>,
  parameters: string,
  read: (guest: Guest, value: number, option: Option) => number,
): Row => ({
  parameters,
  call: (guest, fd, number, value) => {
    const id = guest.fds.socket(fd)
    const option = requireOption(table, number)
    return option === undefined ? undefined : guest.sockets.setOption(id, option, read(guest, value, option))
  },
})

export const optionRows: Readonly<Record<string, Row>> = {
  sock_set_opt_flag: setRow(flags, 'iii', (_guest, value) => (value === 0 ? 0 : 1)),
  sock_get_opt_flag: getRow(flags, 1, (guest, at, value) => guest.memory.setU8(at, value === 0 ? 0 : 1)),
  sock_set_opt_size: setRow(sizes, 'iiI', (_guest, value) => bounded(BigInt.asUintN(64, BigInt(value)))),
  sock_get_opt_size: getRow(sizes, 8, (guest, at, value) => guest.memory.setU64(at, BigInt(value))),
  sock_set_opt_time: setRow(times, 'iii', (guest, at, option) => readTime(guest, at, unitOf(option))),
  sock_get_opt_time: getRow(times, TIME, (guest, at, value, option) => {
    guest.memory.bytes(at, TIME).fill(0)
    if (value < 0) return
    guest.memory.setU8(at, 1)
    guest.memory.setU64(at + 8, BigInt(value) * unitOf(option))
  }),
}
