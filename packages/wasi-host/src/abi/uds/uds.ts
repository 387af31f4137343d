/** This project's own imports, module `uds_socket`. What each does is written in guest/ABI.md. */
import type { Address } from '../../network/address.ts'
import { DONTWAIT, PEEK, WAITALL } from '../../sockets/socket-calls.ts'
import { Failure } from '../../outcome/failure.ts'
import { singleIovec } from '../../memory/guest-memory.ts'
import { after } from '../../outcome/sync-promise.ts'
import { UDS_SOCKET } from '../../module/profile.ts'
import type { Abi, Row } from '../abi.ts'
import { addressBytes, ENTRY, readAddress, writeEntry } from '../linux-address.ts'
import {
  accept,
  addressRow,
  checkedPort,
  closeRow,
  listenRow,
  nameRow,
  lookUp,
  openRow,
  receive,
  receiveFrom,
  resolve,
  send,
  type AddressWriter,
  type Numbers,
} from '../rows.ts'
import { answer, checkAnswer } from './answer.ts'
import { optionRows } from './options.ts'
import { pollRow } from './poll.ts'
import { tlsRows } from './tls.ts'

const families = { 1: 'unix', 2: 'inet', 10: 'inet6' } as const
/** Of the addresses of names; 0 is both. */
const nameFamilies: Numbers<'inet' | 'inet6' | 'both'> = { 0: 'both', 2: 'inet', 10: 'inet6' }

/** `(address, cap, *length)` */
const addressWriter: AddressWriter = {
  check: checkAnswer,
  write: (memory, address, pointer, cap, length) =>
    answer(memory, addressBytes(address), pointer, cap, length),
}

const checkFlags = (flags: number, known: number): void => {
  if ((flags & ~known) !== 0) throw new Failure('EINVAL', `the flags ${flags} are not known here`)
}

const transferRow = (transfer: typeof send | typeof receive, known: number): Row => ({
  parameters: 'iiiii',
  waits: true,
  call: (guest, fd, buffer, length, flags, count) => {
    checkFlags(flags, known)
    return transfer(guest, { fd, iovec: singleIovec(guest.memory, buffer, length), flags, count })
  },
})

const nobody: Address = { family: 'unix', path: '' }

const encoder = new TextEncoder()

export const uds: Abi = {
  name: 'uds_socket',
  modules: [UDS_SOCKET],
  errno: 'wasi',
  fault: 'EFAULT',
  rows: {
    sock_open: openRow({ families, kinds: { 1: 'stream', 2: 'datagram' } }),
    sock_close: closeRow,
    sock_resolve: {
      parameters: 'iiiiiii',
      subject: 'guest',
      waits: true,
      call: (guest, host, hostLength, family, port, at, most, count) =>
        resolve(guest, { at, most, entry: ENTRY, count, write: writeEntry }, () => {
          const wanted = lookUp(nameFamilies, family, 'EAFNOSUPPORT', 'family')
          return {
            host: guest.memory.text(host, hostLength),
            port: checkedPort(port),
            family: wanted === 'both' ? undefined : wanted,
          }
        }),
    },
    sock_connect: addressRow('connect', 'iii', readAddress),
    sock_connect_host: {
      parameters: 'iiii',
      waits: true,
      call: (guest, fd, host, length, port) =>
        guest.sockets.connectHost(guest.fds.socket(fd), guest.memory.text(host, length), checkedPort(port)),
    },
    sock_bind: addressRow('bind', 'iii', readAddress),
    sock_listen: listenRow,
    sock_accept: {
      parameters: 'iiiiii',
      waits: true,
      call: (guest, fd, nonblocking, opened, address, cap, length) => {
        addressWriter.check(guest.memory, address, cap, length)
        return accept(guest, fd, nonblocking !== 0, opened, (peer) =>
          addressWriter.write(guest.memory, peer, address, cap, length),
        )
      },
    },
    sock_send: transferRow(send, DONTWAIT),
    sock_recv: transferRow(receive, PEEK | WAITALL | DONTWAIT),
    sock_sendto: {
      parameters: 'iiiiiii',
      waits: true,
      call: (guest, fd, buffer, length, flags, address, addressLength, count) => {
        checkFlags(flags, DONTWAIT)
        const to = addressLength === 0 ? undefined : readAddress(guest.memory, address, addressLength)
        return send(guest, { fd, iovec: singleIovec(guest.memory, buffer, length), flags, count }, to)
      },
    },
    sock_recvfrom: {
      parameters: 'iiiiiiiii',
      waits: true,
      call: (guest, fd, buffer, length, flags, got, truncated, address, cap, addressLength) => {
        if (truncated !== 0) guest.memory.check(truncated, 4)
        addressWriter.check(guest.memory, address, cap, addressLength)
        checkFlags(flags, PEEK | WAITALL | DONTWAIT)
        const iovec = singleIovec(guest.memory, buffer, length)
        return receiveFrom(guest, { fd, iovec, flags, count: got }, (received) => {
          if (truncated !== 0) guest.memory.setU32(truncated, received.truncated ? 1 : 0)
          addressWriter.write(guest.memory, received.from ?? nobody, address, cap, addressLength)
        })
      },
    },
    sock_shutdown: {
      parameters: 'ii',
      waits: true,
      call: (guest, fd, how) => guest.sockets.shutdown(guest.fds.socket(fd), how),
    },
    sock_getsockname: nameRow('localAddress', 'iiii', addressWriter),
    sock_getpeername: nameRow('peerAddress', 'iiii', addressWriter),
    ...optionRows,
    sock_poll: pollRow,
    ...tlsRows,
    sock_error_text: {
      parameters: 'iiii',
      call: (guest, fd, buffer, cap, length) => {
        checkAnswer(guest.memory, buffer, cap, length)
        return after(guest.sockets.errorText(fd === -1 ? -1 : guest.fds.socket(fd)), (text) =>
          answer(guest.memory, encoder.encode(text), buffer, cap, length),
        )
      },
    },
  },
}
