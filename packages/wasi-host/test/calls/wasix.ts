import {
  ADDRESS,
  at,
  fd,
  NAME,
  NAME_TEXT,
  NOTHING,
  OUT,
  OUT2,
  putNames,
  ROOM,
  VECTORS,
  type CallRow,
  type CallTable,
} from './table.ts'

const accept = (name: string): CallRow[] => [
  { call: `${name}:iiii`, args: [fd, 4, at(OUT), at(ROOM)], on: 'listening', blocks: 'alone' },
  { call: `${name}:iiii`, args: [fd, 1, at(OUT), at(ROOM)], gives: 'EINVAL', unknown: 'EINVAL', unread: [2] },
  { call: `${name}:iiii`, args: [fd, 0, at(OUT), at(ROOM)], gives: 'EINVAL' },
]

const multicast = (version: string): CallRow[] =>
  ['join', 'leave'].map((what) => ({
    call: `sock_${what}_multicast_v${version}:iii`,
    args: [fd, at(ADDRESS), version === '4' ? at(ADDRESS) : 0],
    on: 'datagram',
    gives: 'ENOTSUP',
    unread: [1, 2],
  }))

const received = { on: 'connected', blocks: 'silent', received: OUT } as const
const sent = { on: 'connected', blocks: 'full', sends: true } as const

export const wasixCalls: CallTable = {
  abi: 'wasix',
  module: 'wasix_32v1',
  style: 'wasi',
  fault: 'EMEMVIOLATION',
  prepare: async (guest, port) => {
    await putNames(guest)
    await guest.put(ADDRESS, [1, 0, port & 255, port >> 8, 127, 0, 0, 1])
  },
  rows: [
    { call: 'sock_open:iiii', args: [1, 1, 6, at(OUT)] },
    { call: 'sock_open:iiii', args: [1, 2, 17, at(OUT)] },
    { call: 'sock_open:iiii', args: [0, 1, 0, at(OUT)], gives: 'EAFNOSUPPORT' },
    { call: 'sock_open:iiii', args: [1, 0, 0, at(OUT)], gives: 'EPROTOTYPE', unread: [3] },
    { call: 'sock_open:iiii', args: [1, 3, 0, at(OUT)], gives: 'ENOTSUP', unread: [3] },
    { call: 'sock_open:iiii', args: [1, 1, 17, at(OUT)], gives: 'EPROTONOSUPPORT', unread: [3] },
    { call: 'sock_pair:iiiii', args: [3, 1, 0, at(OUT), at(OUT2)], needsUnix: true },
    { call: 'sock_pair:iiiii', args: [3, 2, 0, at(OUT), at(OUT2)], gives: 'ENOTSUP', unread: [3, 4] },
    { call: 'sock_pair:iiiii', args: [7, 1, 0, at(OUT), at(OUT2)], gives: 'EAFNOSUPPORT', unread: [3, 4] },
    { call: 'sock_bind:ii', args: [fd, at(ADDRESS)], gives: 'EADDRINUSE' },
    { call: 'sock_bind:ii', args: [fd, at(NOTHING)], gives: 'EAFNOSUPPORT' },
    { call: 'sock_listen:ii', args: [fd, 4] },
    { call: 'sock_listen:ii', args: [fd, 4], on: 'datagram', gives: 'ENOTSUP' },
    ...accept('sock_accept'),
    ...accept('sock_accept_v2'),
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)] },
    { call: 'sock_connect:ii', args: [fd, at(ADDRESS)], on: 'connected', gives: 'EISCONN' },
    { call: 'sock_recv:iiiiii', args: [fd, at(VECTORS), 1, 0, at(OUT), at(OUT2)], ...received },
    {
      call: 'sock_recv:iiiiii',
      args: [fd, at(VECTORS), 1, 8, at(OUT), at(OUT2)],
      on: 'silent',
      gives: 'EAGAIN',
    },
    {
      call: 'sock_recv:iiiiii',
      args: [fd, at(VECTORS), 1, 16, at(OUT), at(OUT2)],
      gives: 'EINVAL',
      unknown: 'EINVAL',
      unread: [4],
    },
    { call: 'sock_send:iiiii', args: [fd, at(VECTORS), 1, 0, at(OUT)], ...sent },
    {
      call: 'sock_send:iiiii',
      args: [fd, at(VECTORS), 1, 2, at(OUT)],
      gives: 'EINVAL',
      unknown: 'EINVAL',
      unread: [4],
    },
    {
      call: 'sock_recv_from:iiiiiii',
      args: [fd, at(VECTORS), 1, 0, at(OUT), at(OUT2), at(ROOM)],
      ...received,
    },
    { call: 'sock_send_to:iiiiii', args: [fd, at(VECTORS), 1, 0, at(ADDRESS), at(OUT)], on: 'datagram' },
    {
      call: 'sock_send_to:iiiiii',
      args: [fd, at(VECTORS), 1, 0, at(ADDRESS), at(OUT)],
      on: 'connected',
      gives: 'EISCONN',
    },
    {
      call: 'sock_send_file:iiIIi',
      args: [fd, 3, 0n, 1n, at(OUT)],
      on: 'connected',
      gives: 'ENOTSUP',
      unread: [4],
    },
    { call: 'sock_shutdown:ii', args: [fd, 2], on: 'connected' },
    { call: 'sock_addr_local:ii', args: [fd, at(ROOM)], on: 'connected' },
    { call: 'sock_addr_peer:ii', args: [fd, at(ROOM)], on: 'connected' },
    { call: 'sock_addr_peer:ii', args: [fd, at(ROOM)], gives: 'ENOTCONN' },
    { call: 'sock_status:ii', args: [fd, at(ROOM)], on: 'connected' },
    { call: 'resolve:iiiiii', args: [at(NAME), NAME_TEXT.length, 80, at(ROOM), 4, at(OUT)] },
    { call: 'resolve:iiiiii', args: [at(NAME), 3, 80, at(ROOM), 4, at(OUT)], gives: 'EACCES' },
    ...multicast('4'),
    ...multicast('6'),
    { call: 'sock_set_opt_flag:iii', args: [fd, 3, 1] },
    { call: 'sock_set_opt_flag:iii', args: [fd, 0, 1] },
    { call: 'sock_set_opt_flag:iii', args: [fd, 10, 1], gives: 'ENOPROTOOPT' },
    { call: 'sock_set_opt_flag:iii', args: [fd, 1, 1], gives: 'ENOTSUP' },
    { call: 'sock_set_opt_flag:iii', args: [fd, 15, 1], gives: 'EINVAL' },
    { call: 'sock_set_opt_flag:iii', args: [fd, 99, 1], gives: 'ENOPROTOOPT' },
    { call: 'sock_get_opt_flag:iii', args: [fd, 3, at(OUT)] },
    { call: 'sock_get_opt_flag:iii', args: [fd, 0, at(OUT)] },
    { call: 'sock_set_opt_size:iiI', args: [fd, 15, 65_536n] },
    { call: 'sock_set_opt_size:iiI', args: [fd, 23, 64n], gives: 'ENOTSUP' },
    { call: 'sock_get_opt_size:iii', args: [fd, 26, at(OUT)] },
    { call: 'sock_set_opt_time:iii', args: [fd, 19, at(NOTHING)] },
    { call: 'sock_set_opt_time:iii', args: [fd, 3, at(NOTHING)], gives: 'EINVAL', unread: [2] },
    { call: 'sock_get_opt_time:iii', args: [fd, 21, at(OUT)] },
  ],
}
