/** WasmEdge's socket options: one level, its own numbers. */
import type { Option } from '../../sockets/socket-calls.ts'
import { errnoOf } from '../../outcome/errno.ts'
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { Row } from '../abi.ts'

const SOL_SOCKET = 0

const options: Readonly<Record<number, Option>> = {
  0: 'SO_REUSEADDR',
  1: 'SO_TYPE',
  2: 'SO_ERROR',
  4: 'SO_BROADCAST',
  5: 'SO_SNDBUF',
  6: 'SO_RCVBUF',
  7: 'SO_KEEPALIVE',
  9: 'SO_LINGER',
  11: 'SO_RCVTIMEO',
  12: 'SO_SNDTIMEO',
  13: 'SO_ACCEPTCONN',
}

/** `linger { i32, i32 }`, `timeval { i64, i64 }`, an i32. */
const sizeOf = (option: Option): number =>
  option === 'SO_LINGER' ? 8 : option === 'SO_RCVTIMEO' || option === 'SO_SNDTIMEO' ? 16 : 4

const requireOption = (level: number, name: number): Option => {
  const option = level === SOL_SOCKET ? options[name] : undefined
  if (option === undefined)
    throw new Failure('ENOPROTOOPT', `there is no option ${name} at the level ${level}`)
  return option
}

const encode = (option: Option, got: number | string): Uint8Array => {
  const number = typeof got === 'string' ? errnoOf(got, 'wasi') : got
  const bytes = new Uint8Array(sizeOf(option))
  const view = new DataView(bytes.buffer)
  if (bytes.length === 8) {
    view.setInt32(0, number < 0 ? 0 : 1, true)
    view.setInt32(4, Math.max(number, 0), true)
  } else if (bytes.length === 16) {
    const ms = Math.max(number, 0)
    view.setBigInt64(0, BigInt(Math.trunc(ms / 1000)), true)
    view.setBigInt64(8, BigInt((ms % 1000) * 1000), true)
    // Its own numbers of types: 1 is a datagram, 2 a stream.
  } else view.setInt32(0, option === 'SO_TYPE' ? (number === 1 ? 2 : 1) : number, true)
  return bytes
}

const decode = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer)
  if (bytes.length === 4) return view.getInt32(0, true)
  if (bytes.length === 8) return view.getInt32(0, true) === 0 ? -1 : view.getInt32(4, true)
  const ms = Number(view.getBigInt64(0, true)) * 1000 + Math.ceil(Number(view.getBigInt64(8, true)) / 1000)
  // setsockopt(2): a timeout of nothing is none.
  return ms <= 0 ? -1 : Math.min(ms, 0x7fff_ffff)
}

export const optionRows: Readonly<Record<string, Row>> = {
  sock_getsockopt: {
    parameters: 'iiiii',
    call: (guest, fd, level, name, value, size) => {
      const id = guest.fds.socket(fd)
      const option = requireOption(level, name)
      const room = guest.memory.u32(size)
      if (room < sizeOf(option))
        throw new Failure('EINVAL', `the value of this option has ${sizeOf(option)} bytes`)
      guest.memory.check(value, sizeOf(option))
      return after(guest.sockets.getOption(id, option), (got) => {
        guest.memory.write(value, encode(option, got))
        guest.memory.setU32(size, sizeOf(option))
      })
    },
  },
  sock_setsockopt: {
    parameters: 'iiiii',
    call: (guest, fd, level, name, value, size) => {
      const id = guest.fds.socket(fd)
      const option = requireOption(level, name)
      if (size !== sizeOf(option))
        throw new Failure('EINVAL', `the value of this option has ${sizeOf(option)} bytes`)
      return guest.sockets.setOption(id, option, decode(guest.memory.copy(value, size)))
    },
  },
}
