/**
 * The six calls of zig-wasm-cpython. Its addresses are 19 bytes: the family (Linux' numbers), the port in network
 * order, and 16 bytes of which IPv4 takes the first four.
 */
import { Failure } from '../outcome/failure.ts'
import { singleIovec } from '../memory/guest-memory.ts'
import { after } from '../outcome/sync-promise.ts'
import { PREVIEW1 } from '../module/profile.ts'
import type { Abi, Row } from './abi.ts'
import { ENTRY, readAddress, writeEntry } from './linux-address.ts'
import { checkedPort, closeDescriptor, openRow, receive, resolve, send } from './rows.ts'

const transferRow = (transfer: typeof send | typeof receive): Row => ({
  parameters: 'iiii',
  waits: true,
  call: (guest, fd, buffer, length, count) =>
    transfer(guest, { fd, iovec: singleIovec(guest.memory, buffer, length), flags: 0, count }),
})

export const zig: Abi = {
  name: 'zig',
  modules: [PREVIEW1],
  errno: 'linux',
  fault: 'EINVAL',
  rows: {
    sock_open: openRow({
      families: { 2: 'inet', 10: 'inet6' },
      kinds: { 1: 'stream', 2: 'datagram' },
    }),
    sock_resolve: {
      parameters: 'iiiiii',
      subject: 'guest',
      waits: true,
      call: (guest, host, hostLength, port, at, most, count) =>
        resolve(guest, { at, most, entry: ENTRY, count, write: writeEntry }, () => ({
          host: guest.memory.text(host, hostLength),
          port: checkedPort(port),
        })),
    },
    sock_connect: {
      parameters: 'ii',
      waits: true,
      call: (guest, fd, address) => {
        const id = guest.fds.socket(fd)
        // The original: connecting twice is EINVAL.
        return after(guest.sockets.facts(id), ({ kind, state }) => {
          if (kind === 'stream' && state === 'connected')
            throw new Failure('EINVAL', 'the socket is connected already')
          return guest.sockets.connect(id, readAddress(guest.memory, address, ENTRY))
        })
      },
    },
    sock_send: transferRow(send),
    sock_recv: transferRow(receive),
    sock_close: {
      parameters: 'i',
      waits: true,
      call: (guest, fd) => {
        let open: boolean
        try {
          guest.fds.socket(fd)
          open = true
        } catch {
          // The original: closing what is not open is no error.
          open = false
        }
        return open ? closeDescriptor(guest, fd) : undefined
      },
    },
  },
}
