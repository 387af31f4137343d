import { at, ADDRESS, BUFFER, fd, NAME, NAME_TEXT, OUT, putNames, ROOM, type CallTable } from './table.ts'

export const zigCalls: CallTable = {
  abi: 'zig',
  module: 'wasi_snapshot_preview1',
  style: 'linux',
  fault: 'EINVAL',
  prepare: async (guest, port) => {
    await putNames(guest)
    await guest.address(ADDRESS, port)
  },
  rows: [
    { call: 'sock_open:iii', args: [2, 1, at(OUT)] },
    { call: 'sock_open:iii', args: [1, 1, at(OUT)], gives: 'EAFNOSUPPORT' },
    { call: 'sock_open:iii', args: [2, 3, at(OUT)], gives: 'EPROTOTYPE' },
    { call: 'sock_resolve:iiiiii', args: [at(NAME), NAME_TEXT.length, 80, at(ROOM), 4, at(OUT)] },
    {
      call: 'sock_resolve:iiiiii',
      args: [at(NAME), 3, 80, at(ROOM), 4, at(OUT)],
      gives: 'EACCES',
    },
    { call: 'sock_resolve:iiiiii', args: [at(NAME), 8, 65_536, at(ROOM), 4, at(OUT)], gives: 'EINVAL' },
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)] },
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)], on: 'connected', gives: 'EINVAL', unread: [1] },
    {
      call: 'sock_send:iiii',
      args: [fd, at(BUFFER), 8, at(OUT)],
      on: 'connected',
      blocks: 'full',
      sends: true,
    },
    { call: 'sock_send:iiii', args: [fd, at(BUFFER), 8, at(OUT)], gives: 'ENOTCONN' },
    {
      call: 'sock_recv:iiii',
      args: [fd, at(BUFFER), 8, at(OUT)],
      on: 'connected',
      blocks: 'silent',
      received: OUT,
    },
    { call: 'sock_recv:iiii', args: [fd, at(BUFFER), 8, at(OUT)], gives: 'ENOTCONN' },
    { call: 'sock_close:i', args: [fd], unknown: 'SUCCESS' },
  ],
}
