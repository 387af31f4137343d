/** The options of `uds_socket`, by the numbers of Linux. */
import type { Option } from '../../sockets/socket-calls.ts'
import { errnoOf } from '../../outcome/errno.ts'
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import type { Row } from '../abi.ts'
import { answer, checkAnswer } from './answer.ts'

/** By level and name. */
const options: Readonly<Record<string, Option>> = {
  '1/2': 'SO_REUSEADDR',
  '1/3': 'SO_TYPE',
  '1/4': 'SO_ERROR',
  '1/6': 'SO_BROADCAST',
  '1/7': 'SO_SNDBUF',
  '1/8': 'SO_RCVBUF',
  '1/9': 'SO_KEEPALIVE',
  '1/13': 'SO_LINGER',
  '1/20': 'SO_RCVTIMEO',
  '1/21': 'SO_SNDTIMEO',
  '1/30': 'SO_ACCEPTCONN',
  '1/38': 'SO_PROTOCOL',
  '1/39': 'SO_DOMAIN',
  '6/1': 'TCP_NODELAY',
  '41/26': 'IPV6_V6ONLY',
}

const requireOption = (level: number, name: number): Option => {
  const option = options[`${level}/${name}`]
  if (option === undefined)
    throw new Failure('ENOPROTOOPT', `there is no option ${name} at the level ${level}`)
  return option
}

export const optionRows: Readonly<Record<string, Row>> = {
  sock_setsockopt: {
    parameters: 'iiiii',
    call: (guest, fd, level, name, value, length) => {
      const id = guest.fds.socket(fd)
      const option = requireOption(level, name)
      if (length !== 4) throw new Failure('EINVAL', 'the value of an option has 4 bytes')
      return guest.sockets.setOption(id, option, guest.memory.i32(value))
    },
  },
  sock_getsockopt: {
    parameters: 'iiiiii',
    call: (guest, fd, level, name, value, cap, length) => {
      const id = guest.fds.socket(fd)
      const option = requireOption(level, name)
      checkAnswer(guest.memory, value, cap, length)
      return after(guest.sockets.getOption(id, option), (got) => {
        const number = typeof got === 'string' ? errnoOf(got, 'wasi') : got
        answer(guest.memory, new Uint8Array(Int32Array.of(number).buffer), value, cap, length)
      })
    },
  },
  sock_set_nonblocking: {
    parameters: 'ii',
    call: (guest, fd, on) => guest.sockets.setNonblocking(guest.fds.socket(fd), on !== 0),
  },
  sock_set_timeout: {
    parameters: 'iii',
    call: (guest, fd, which, ms) => {
      const id = guest.fds.socket(fd)
      if (which < 1 || which > 3)
        throw new Failure('EINVAL', 'the timeout is that of 1 (receiving), 2 (sending) or 3')
      if (ms < -1) throw new Failure('EINVAL', 'a timeout is -1 (none) or milliseconds')
      return after(which & 1 ? guest.sockets.setOption(id, 'SO_RCVTIMEO', ms) : undefined, () =>
        which & 2 ? guest.sockets.setOption(id, 'SO_SNDTIMEO', ms) : undefined,
      )
    },
  },
}
