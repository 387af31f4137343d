import {
  ADDRESS,
  ADDRESS_BYTES,
  at,
  BUFFER,
  fd,
  NAME,
  NAME_TEXT,
  NOTHING,
  OUT,
  OUT2,
  OUT3,
  port,
  putNames,
  ROOM,
  SERVICE,
  VECTORS,
  type CallTable,
} from './table.ts'

/** A linked list of one addrinfo, and the pointer to it. */
const LIST = 5000
const LIST_AT = 40

const received = { on: 'connected', blocks: 'silent', received: OUT } as const

export const wasmedgeCalls: CallTable = {
  abi: 'wasmedge',
  module: 'wasi_snapshot_preview1',
  style: 'wasi',
  fault: 'EFAULT',
  prepare: async (guest) => {
    await putNames(guest)
    await guest.put(ADDRESS_BYTES, [127, 0, 0, 1])
    await guest.words(ADDRESS, ADDRESS_BYTES, 4)
    await guest.words(LIST, 0, 0, 0, LIST + 64, 0, 0, 0)
    await guest.words(LIST + 64, 0, 0, LIST + 96)
    await guest.words(LIST_AT, LIST)
    await guest.words(OUT3, 4)
  },
  rows: [
    { call: 'sock_open:iii', args: [1, 2, at(OUT)] },
    { call: 'sock_open:iii', args: [0, 2, at(OUT)], gives: 'EAFNOSUPPORT' },
    { call: 'sock_open:iii', args: [1, 0, at(OUT)], gives: 'EPROTOTYPE' },
    { call: 'sock_bind:iii', args: [fd, at(ADDRESS), 0] },
    { call: 'sock_bind:iii', args: [fd, at(ADDRESS), port], gives: 'EADDRINUSE' },
    { call: 'sock_bind:iii', args: [fd, at(ADDRESS), 0], on: 'listening', gives: 'EINVAL' },
    { call: 'sock_listen:ii', args: [fd, 4] },
    { call: 'sock_listen:ii', args: [fd, 4], on: 'connected', gives: 'EINVAL' },
    { call: 'sock_listen:ii', args: [fd, 4], on: 'datagram', gives: 'ENOTSUP' },
    { call: 'sock_connect:iii', args: [fd, at(ADDRESS), port] },
    { call: 'sock_connect:iii', args: [fd, at(ADDRESS), 1], gives: 'ECONNREFUSED' },
    { call: 'sock_connect:iii', args: [fd, at(ADDRESS), port], on: 'connected', gives: 'EISCONN' },
    { call: 'sock_connect:iii', args: [fd, at(ADDRESS), -1], gives: 'EINVAL' },
    { call: 'sock_accept:ii', args: [fd, at(OUT)], on: 'listening', blocks: 'alone' },
    { call: 'sock_accept:iii', args: [fd, 4, at(OUT)], on: 'listening', blocks: 'alone' },
    { call: 'sock_accept:ii', args: [fd, at(OUT)], gives: 'EINVAL' },
    { call: 'sock_recv:iiiiii', args: [fd, at(VECTORS), 1, 0, at(OUT), at(OUT2)], ...received },
    {
      call: 'sock_send:iiiii',
      args: [fd, at(VECTORS), 1, 0, at(OUT)],
      on: 'connected',
      blocks: 'full',
      sends: true,
    },
    { call: 'sock_shutdown:ii', args: [fd, 2], on: 'connected' },
    {
      call: 'sock_recv_from:iiiiiii',
      args: [fd, at(VECTORS), 1, at(ADDRESS), 0, at(OUT), at(OUT2)],
      ...received,
    },
    {
      call: 'sock_recv_from:iiiiiiii',
      args: [fd, at(VECTORS), 1, at(ADDRESS), 0, at(OUT3), at(OUT), at(OUT2)],
      ...received,
    },
    {
      call: 'sock_send_to:iiiiiii',
      args: [fd, at(VECTORS), 1, at(ADDRESS), port, 0, at(OUT)],
      on: 'datagram',
    },
    {
      call: 'sock_send_to:iiiiiii',
      args: [fd, at(VECTORS), 1, at(ADDRESS), port, 0, at(OUT)],
      on: 'connected',
      gives: 'EISCONN',
    },
    { call: 'sock_getlocaladdr:iiii', args: [fd, at(ADDRESS), at(OUT), at(OUT2)], on: 'connected' },
    { call: 'sock_getlocaladdr:iii', args: [fd, at(ADDRESS), at(OUT)], on: 'connected' },
    { call: 'sock_getpeeraddr:iiii', args: [fd, at(ADDRESS), at(OUT), at(OUT2)], on: 'connected' },
    { call: 'sock_getpeeraddr:iii', args: [fd, at(ADDRESS), at(OUT)], on: 'connected' },
    { call: 'sock_getpeeraddr:iii', args: [fd, at(ADDRESS), at(OUT)], gives: 'ENOTCONN', unread: [1] },
    {
      call: 'sock_getaddrinfo:iiiiiiii',
      args: [at(NAME), NAME_TEXT.length, at(SERVICE), 3, at(NOTHING), at(LIST_AT), 1, at(OUT)],
    },
    {
      call: 'sock_getaddrinfo:iiiiiiii',
      args: [at(NAME), 3, at(SERVICE), 3, at(NOTHING), at(LIST_AT), 1, at(OUT)],
      gives: 'EACCES',
    },
    { call: 'sock_setsockopt:iiiii', args: [fd, 0, 7, at(NOTHING), 4] },
    { call: 'sock_setsockopt:iiiii', args: [fd, 0, 1, at(NOTHING), 4], gives: 'ENOPROTOOPT' },
    { call: 'sock_setsockopt:iiiii', args: [fd, 0, 7, at(BUFFER), 3], gives: 'EINVAL', unread: [3] },
    { call: 'sock_getsockopt:iiiii', args: [fd, 0, 7, at(ROOM), at(OUT3)] },
    {
      call: 'sock_getsockopt:iiiii',
      args: [fd, 0, 14, at(ROOM), at(OUT3)],
      gives: 'ENOPROTOOPT',
      unread: [3, 4],
    },
  ],
}
