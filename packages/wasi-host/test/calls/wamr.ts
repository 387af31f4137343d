import {
  ADDRESS,
  at,
  BUFFER,
  fd,
  NAME,
  NOTHING,
  OUT,
  OUT2,
  putNames,
  ROOM,
  SERVICE,
  VECTORS,
  type CallRow,
  type CallTable,
} from './table.ts'

const flag = (name: string): CallRow[] => [
  { call: `sock_set_${name}:ii`, args: [fd, 1] },
  { call: `sock_get_${name}:ii`, args: [fd, at(OUT)] },
]

const time = (name: string): CallRow[] => [
  { call: `sock_set_${name}:iI`, args: [fd, 1_000_000n] },
  { call: `sock_get_${name}:ii`, args: [fd, at(OUT)] },
]

export const wamrCalls: CallTable = {
  abi: 'wamr',
  module: 'wasi_snapshot_preview1',
  style: 'wasi',
  fault: 'EINVAL',
  prepare: async (guest, port) => {
    await putNames(guest)
    await guest.words(ADDRESS, 0, 0x0100_007f, port)
  },
  rows: [
    { call: 'sock_open:iiii', args: [-1, 0, 1, at(OUT)] },
    { call: 'sock_open:iiii', args: [-1, 2, 1, at(OUT)], gives: 'EAFNOSUPPORT' },
    { call: 'sock_open:iiii', args: [-1, 0, 2, at(OUT)], gives: 'EPROTOTYPE' },
    { call: 'sock_bind:ii', args: [fd, at(ADDRESS)], gives: 'EADDRINUSE' },
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)] },
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)], on: 'connected', gives: 'EISCONN' },
    { call: 'sock_listen:ii', args: [fd, 4] },
    { call: 'sock_close:i', args: [fd] },
    { call: 'sock_accept:iii', args: [fd, 0, at(OUT)], on: 'listening', blocks: 'alone' },
    {
      call: 'sock_recv:iiiiii',
      args: [fd, at(VECTORS), 1, 0, at(OUT), at(OUT2)],
      on: 'connected',
      blocks: 'silent',
      received: OUT,
    },
    {
      call: 'sock_send:iiiii',
      args: [fd, at(VECTORS), 1, 0, at(OUT)],
      on: 'connected',
      blocks: 'full',
      sends: true,
    },
    { call: 'sock_shutdown:ii', args: [fd, 2], on: 'connected' },
    {
      call: 'sock_recv_from:iiiiii',
      args: [fd, at(BUFFER), 8, 0, at(ROOM), at(OUT)],
      on: 'connected',
      blocks: 'silent',
      received: OUT,
    },
    { call: 'sock_send_to:iiiiii', args: [fd, at(BUFFER), 8, 0, at(ADDRESS), at(OUT)], on: 'datagram' },
    {
      call: 'sock_send_to:iiiiii',
      args: [fd, at(BUFFER), 8, 0, at(ADDRESS), at(OUT)],
      on: 'connected',
      gives: 'EISCONN',
    },
    { call: 'sock_addr_resolve:iiiiii', args: [at(NAME), at(SERVICE), at(NOTHING), at(ROOM), 4, at(OUT)] },
    {
      call: 'sock_addr_resolve:iiiiii',
      args: [at(SERVICE), at(SERVICE), at(NOTHING), at(ROOM), 4, at(OUT)],
      gives: 'EACCES',
    },
    {
      call: 'sock_addr_resolve:iiiiii',
      args: [at(NAME), at(NAME), at(NOTHING), at(ROOM), 4, at(OUT)],
      gives: 'EINVAL',
    },
    { call: 'sock_addr_local:ii', args: [fd, at(ROOM)], on: 'connected' },
    { call: 'sock_addr_remote:ii', args: [fd, at(ROOM)], on: 'connected' },
    { call: 'sock_addr_remote:ii', args: [fd, at(ROOM)], gives: 'ENOTCONN' },
    ...['broadcast', 'keep_alive', 'reuse_addr', 'tcp_no_delay', 'ipv6_only'].flatMap(flag),
    ...['recv_buf_size', 'send_buf_size'].flatMap(flag),
    ...['recv_timeout', 'send_timeout'].flatMap(time),
    { call: 'sock_set_linger:iii', args: [fd, 1, 2] },
    { call: 'sock_get_linger:iii', args: [fd, at(OUT), at(OUT2)] },
  ],
}
