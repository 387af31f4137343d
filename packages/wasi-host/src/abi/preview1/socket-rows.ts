/** The socket calls of preview 1; WasmEdge has those of the same shapes as well. */
import { Failure } from '../../outcome/failure.ts'
import type { Row } from '../abi.ts'
import { accept, receiveFlags, vectorRows } from '../rows.ts'
import { FDFLAGS_NONBLOCK } from './flags.ts'

/** `__wasi_filetype_t` */
const FILETYPE_SOCKET_STREAM = 6

const RECV_PEEK = 1
const RECV_WAITALL = 2

export const socketRows: Readonly<Record<string, Row>> = {
  sock_accept: {
    parameters: 'iii',
    waits: true,
    call: (guest, fd, flags, opened) => {
      if ((flags & ~FDFLAGS_NONBLOCK) !== 0)
        throw new Failure('EINVAL', 'sock_accept knows the flag NONBLOCK only')
      return accept(guest, fd, flags !== 0, opened)
    },
  },
  ...vectorRows(
    (flags) => {
      if ((flags & ~(RECV_PEEK | RECV_WAITALL)) !== 0)
        throw new Failure('EINVAL', 'sock_recv knows PEEK and WAITALL only')
      return receiveFlags(flags)
    },
    (flags) => {
      if (flags !== 0) throw new Failure('EINVAL', 'sock_send knows no flags')
      return 0
    },
  ),
  sock_shutdown: {
    parameters: 'ii',
    call: (guest, fd, how) => {
      const entry = guest.fds.get(fd)
      // A stream of the host that stands for a standard stream is none of the guest's sockets.
      if (entry.kind === 'socket' && entry.stdio !== undefined && entry.stdio !== FILETYPE_SOCKET_STREAM)
        throw new Failure('ENOTSOCK', `the descriptor ${fd} is no socket`)
      return guest.sockets.shutdown(guest.fds.socket(fd), how)
    },
  },
}
