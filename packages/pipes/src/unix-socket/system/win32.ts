/** The calls of AF_UNIX sockets on Windows: WSAPoll, with a pair of sockets to wake it. */
import { sockets, winsock } from '@uds/winsock-ffi'
import { systemCalls } from '@uds/winsock-ffi/internal'
import { READ, WAKE, WRITE } from '../../threads/cells.ts'
import { traced } from '../../trace.ts'
import { GONE, READY, WOKEN, type SocketSystem } from './socket-system.ts'

/** WSAECONNABORTED, WSAECONNRESET, WSAEDISCON: the peer has closed, more or less abruptly. */
const gone: ReadonlySet<number> = new Set([10053, 10054, 10058, 10101])
const MSG_PEEK = 2
/** WSAEOPNOTSUPP */
const NOT_SUPPORTED = 10045

// winsock2.h
const POLLERR = 0x1
const POLLHUP = 0x2
const POLLNVAL = 0x4
const POLLWRNORM = 0x10
const POLLRDNORM = 0x100
/** WSAPoll takes an INT. */
const LONGEST_POLL = 2 ** 31 - 1

// struct WSAPOLLFD { SOCKET fd; SHORT events; SHORT revents; }: 16 bytes on 64 bits; the socket, and the wake handle
const pollfds = new DataView(new ArrayBuffer(32))
const drain = new Uint8Array(64)
const one = Uint8Array.of(1)

const put = (at: number, socket: number, events: number): void => {
  pollfds.setBigInt64(at, BigInt(socket), true)
  pollfds.setInt16(at + 8, events, true)
  pollfds.setInt16(at + 10, 0, true)
}

const LONGEST_TRANSFER = 2 ** 31 - 1
/** Winsock takes the whole of a send, however long, as long as there is any room: so a timeout could never be kept. */
const LONGEST_SEND = 65_536

/**
 * AF_UNIX through Winsock. Every SOCKET is non-blocking, and waits are WSAPoll: with a pair of sockets to wake it, it is
 * the same as poll on POSIX, whereas WSAEventSelect has one event for all threads of a socket.
 */
export const socketSystem: SocketSystem = {
  waitsInKernel: false,
  tellsUnread: false,
  hasModes: false,
  refusesWhenFull: true,
  receive: (fd, buffer) => socketSystem.tryReceive(fd, buffer, false),
  send: (fd, data) => socketSystem.trySend(fd, data),
  tryReceive: (fd, buffer, peek) =>
    traced('recv', fd, () =>
      winsock.recv.attempt(fd, buffer, Math.min(buffer.length, LONGEST_TRANSFER), peek ? MSG_PEEK : 0),
    ),
  trySend: (fd, data) =>
    traced('send', fd, () => winsock.send.attempt(fd, data, Math.min(data.length, LONGEST_SEND), 0)),
  tryAccept: (fd) => traced('accept', fd, () => systemCalls.accept(fd)),
  // Windows has no datagrams of AF_UNIX: no socket of that type can be opened.
  sendTo: () => -NOT_SUPPORTED,

  wait: (fd, direction, wake, ms) => {
    put(0, fd, direction === undefined ? 0 : direction === READ ? POLLRDNORM : POLLWRNORM)
    put(16, wake, POLLRDNORM)
    const timeout = Math.min(ms, LONGEST_POLL)
    return traced('WSAPoll', fd, () => {
      const result = winsock.WSAPoll.attempt(pollfds, wake < 0 ? 1 : 2, timeout)
      if (result < 0) return result
      const events = pollfds.getInt16(10, true)
      return (
        (events === 0 ? 0 : READY) |
        (events & (POLLHUP | POLLERR | POLLNVAL) ? GONE : 0) |
        (wake >= 0 && pollfds.getInt16(26, true) !== 0 ? WOKEN : 0)
      )
    })
  },
  settle: (wake) => {
    while (socketSystem.tryReceive(wake, drain, false) === drain.length);
  },

  create: () => {
    const pair = traced('socketpair', 'wake', () => sockets.pair('stream').map((socket) => socket.release()))
    return [pair[0]!, pair[1]!]
  },
  wake: (cells, direction) => {
    socketSystem.trySend(Atomics.load(cells, WAKE + (direction === READ ? WRITE : READ)), one)
  },
  dispose: (pair) => pair.forEach((socket) => socketSystem.close(socket)),

  setKernelTimeout: () => {},
  unread: () => 0,
  close: (fd) => {
    traced('closesocket', fd, () => systemCalls.close(fd))
  },
  // There is no other type.
  probeType: (type) => type,
  neverWaits: () => true,
  // It is non-blocking already.
  prepareListener: () => {},
  prepareMode: () => {},
  setFileMode: () => {},
  // A SOCKET carries no mark of its thread.
  markThread: () => {},
  leavesThread: () => {},
  closeOrphans: () => false,

  isWouldBlock: systemCalls.isWouldBlock,
  isInterrupted: systemCalls.isInterrupted,
  isGone: (code) => gone.has(code),
  failed: (code, syscall) => systemCalls.toError(code, syscall),
}
