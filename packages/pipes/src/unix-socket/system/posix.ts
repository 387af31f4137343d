/** The calls of AF_UNIX sockets on Linux and macOS: poll, timeouts of the kernel, modes. */
import { constants as os } from 'node:os'
import { libc, posixConstants as c, sockets } from '@uds/winsock-ffi'
import { systemCalls } from '@uds/winsock-ffi/internal'
import { READ, WAKE, WRITE } from '../../threads/cells.ts'
import { traced, tracing } from '../../trace.ts'
import { setFileMode } from './file-mode.ts'
import { closeOrphans, markThread, unmarkThread } from '@uds/winsock-ffi/internal'
import { pointers } from './pointers.ts'
import { GONE, READY, WOKEN, type ManyDatagrams, type SocketSystem } from './socket-system.ts'
import { libc as more } from '../../libraries/posix.ts'

const { EINTR, EPIPE, ECONNRESET, ENOTCONN } = os.errno

/** Linux asm-generic/ioctls.h. unix(7) has it for AF_UNIX: "SIOCOUTQ ... the amount of unsent data". macOS lacks it. */
const SIOCOUTQ = 0x5411
/** Only Linux has the flag, and only Linux has SIOCOUTQ. */
const onLinux = c.MSG_NOSIGNAL !== 0

// struct pollfd { int fd; short events; short revents; } twice: the socket, and the wake handle
const pollfds = new Int32Array(4)
const revents = new Int16Array(pollfds.buffer)
const count = new Int32Array(1)
const drain = new Uint8Array(64)
const one = Uint8Array.of(1)

const received = pointers()
const sent = pointers()

const recv = (fd: number, buffer: Uint8Array, flags: number): number =>
  tracing()
    ? traced('recv', fd, () => libc.recv.attempt(fd, buffer, buffer.length, flags))
    : libc.recv.attempt(fd, received(buffer), buffer.length, flags)

const send = (fd: number, data: Uint8Array, flags: number): number =>
  tracing()
    ? traced('send', fd, () => libc.send.attempt(fd, data, data.length, flags))
    : libc.send.attempt(fd, sent(data), data.length, flags)

/** MSG_WAITFORONE of <sys/socket.h>: recvmmsg waits for the first datagram only. */
const MSG_WAITFORONE = 0x10000

const many: ManyDatagrams = {
  send: (fd, headers, number, waits) => {
    const flags = c.MSG_NOSIGNAL | (waits ? 0 : c.MSG_DONTWAIT)
    return traced('sendmmsg', fd, () => more.sendmmsg.attempt(fd, headers, number, flags))
  },
  receive: (fd, headers, number, waits) => {
    const flags = waits ? MSG_WAITFORONE : c.MSG_DONTWAIT
    return traced('recvmmsg', fd, () => more.recvmmsg.attempt(fd, headers, number, flags, null))
  },
}

export const socketSystem: SocketSystem = {
  waitsInKernel: true,
  tellsUnread: onLinux,
  hasModes: true,
  // Linux says EAGAIN (net/unix/af_unix.c), macOS ECONNREFUSED (sonewconn in bsd/kern/uipc_socket2.c).
  refusesWhenFull: !onLinux,
  receive: (fd, buffer) => recv(fd, buffer, 0),
  send: (fd, data) => send(fd, data, c.MSG_NOSIGNAL),
  tryReceive: (fd, buffer, peek) => recv(fd, buffer, c.MSG_DONTWAIT | (peek ? c.MSG_PEEK : 0)),
  trySend: (fd, data) => send(fd, data, c.MSG_DONTWAIT | c.MSG_NOSIGNAL),
  tryAccept: (fd) => traced('accept', fd, () => systemCalls.accept(fd)),
  sendTo: (fd, data, to, waits) => {
    const flags = c.MSG_NOSIGNAL | (waits ? 0 : c.MSG_DONTWAIT)
    return traced('sendto', fd, () => libc.sendto.attempt(fd, data, data.length, flags, to, to.length))
  },
  ...(onLinux && { many }),
  // With MSG_TRUNC Linux returns the length that the datagram had (recv(2)); macOS knows the flag as a result only.
  ...(onLinux && {
    receiveFrom: (fd, buffer, from, waits) => {
      const flags = c.MSG_TRUNC | (waits ? 0 : c.MSG_DONTWAIT)
      from.length[0] = from.bytes.length
      return traced('recvfrom', fd, () =>
        libc.recvfrom.attempt(fd, buffer, buffer.length, flags, from.bytes, from.length),
      )
    },
  }),

  wait: (fd, direction, wake, ms) => {
    pollfds[0] = fd
    pollfds[1] = direction === undefined ? 0 : direction === READ ? c.POLLIN : c.POLLOUT
    pollfds[2] = wake
    pollfds[3] = c.POLLIN
    return traced('poll', fd, () => {
      const result = libc.poll.attempt(pollfds, wake < 0 ? 1 : 2, ms)
      if (result < 0) return -result === EINTR ? 0 : result
      const events = revents[3]!
      // Gone is ready as well: the next call finds out how.
      return (
        (events === 0 ? 0 : READY) |
        (events & (c.POLLHUP | c.POLLERR | c.POLLNVAL) ? GONE : 0) |
        (wake >= 0 && revents[7]! !== 0 ? WOKEN : 0)
      )
    })
  },
  settle: (wake) => {
    while (recv(wake, drain, c.MSG_DONTWAIT) === drain.length);
  },

  // One socketpair serves both directions: readers poll one end, writers the other, and each is woken through its peer.
  create: () => {
    const pair = traced('socketpair', 'wake', () => sockets.pair('stream').map((socket) => socket.release()))
    return [pair[0]!, pair[1]!]
  },
  wake: (cells, direction) => {
    const peer = Atomics.load(cells, WAKE + (direction === READ ? WRITE : READ))
    // A full buffer holds wake-ups enough.
    send(peer, one, c.MSG_DONTWAIT | c.MSG_NOSIGNAL)
  },
  dispose: (pair) => pair.forEach((fd) => socketSystem.close(fd)),

  // struct timeval { time_t tv_sec; suseconds_t tv_usec; }, 16 bytes; 0 waits for ever (socket(7) SO_RCVTIMEO).
  setKernelTimeout: (fd, direction, ms) => {
    const timeval = BigInt64Array.of(BigInt(Math.trunc(ms / 1000)), BigInt((ms % 1000) * 1000))
    const name = direction === READ ? c.SO_RCVTIMEO : c.SO_SNDTIMEO
    traced('setsockopt', fd, () => libc.setsockopt(fd, c.SOL_SOCKET, name, timeval, 16))
  },
  unread: (fd) => {
    if (!onLinux) return 0
    return traced('ioctl', fd, () => {
      const result = libc.ioctl.attempt(fd, SIOCOUTQ, count)
      return result < 0 ? result : count[0]!
    })
  },
  close: (fd) => {
    traced('close', fd, () => systemCalls.close(fd))
  },
  probeType: () => 'datagram',
  neverWaits: (fd) => (traced('fcntl', fd, () => libc.fcntl(fd, c.F_GETFL, 0)) & c.O_NONBLOCK) !== 0,
  prepareListener: (fd) => traced('fcntl', fd, () => systemCalls.setNonblocking(fd, true)),
  // Linux takes the mode of the socket file from the inode of the socket (unix_bind in net/unix/af_unix.c), less the
  // umask; macOS refuses fchmod on a socket, and the mode is set by path before any process can connect.
  prepareMode: (fd, mode) => {
    traced('fchmod', fd, () => more.fchmod.attempt(fd, mode))
  },
  setFileMode,
  markThread,
  leavesThread: unmarkThread,
  closeOrphans,

  isWouldBlock: systemCalls.isWouldBlock,
  isInterrupted: systemCalls.isInterrupted,
  isGone: (code) => code === ECONNRESET || code === EPIPE || (!onLinux && code === ENOTCONN),
  failed: (code, syscall) => systemCalls.toError(code, syscall),
}
