/** SystemCalls of Linux and macOS, over libc. */
import { constants as os } from 'node:os'
import { callFailed } from '../../errors/call-failed.ts'
import { FAILED, HANGUP, READABLE, WRITABLE, type SystemCalls } from '../system-calls.ts'
import { SOCKADDR_STORAGE_SIZE } from '../../address/sockaddr.ts'
import { connectWithin } from './connect.ts'
import { constants as c, darwin, onDarwin } from '../../constants/posix.ts'
import { peerGroups, peerLabel, peerPidfd } from '../../credentials/linux.ts'
import { peerCredentials } from '../../credentials/posix.ts'
import { errnoCode } from '../../errors/posix/errno.ts'
import { receiveMessage, sendMessage } from './messages.ts'
import { options } from './options.ts'
import { libc } from '../../libraries/posix/prototypes.ts'

const { EAGAIN, EWOULDBLOCK, EINTR, EINPROGRESS, ENOBUFS } = os.errno

const check = (result: number, syscall: string): number => {
  if (result < 0) throw systemCalls.toError(-result, syscall)
  return result
}

/** What Linux does by a flag of the call, macOS does by a call of its own; the gap is seen only by a fork between. */
const prepareOnDarwin = (fd: number): void => {
  libc.fcntl(fd, c.F_SETFD, c.FD_CLOEXEC)
  // It is refused where the peer has gone already; Node ignores SIGPIPE.
  libc.setsockopt.attempt(fd, darwin.SOL_SOCKET, darwin.SO_NOSIGPIPE, Int32Array.of(1), 4)
}

/** Prepares descriptors that are new; those that cannot be prepared are closed. */
const orClosed = (fds: readonly number[], prepare: (fd: number) => void): void => {
  try {
    fds.forEach(prepare)
  } catch (error) {
    for (const fd of fds) libc.close.attempt(fd)
    throw error
  }
}

// struct pollfd { int fd; short events; short revents; }, as two integers of a little-endian machine
const one = new Int32Array(2)

const toEvents = (interest: number): number =>
  (interest & READABLE ? c.POLLIN : 0) | (interest & WRITABLE ? c.POLLOUT : 0)

const fromEvents = (events: number): number => {
  const revents = events >>> 16
  return (
    (revents & c.POLLIN ? READABLE : 0) |
    (revents & c.POLLOUT ? WRITABLE : 0) |
    (revents & c.POLLHUP ? HANGUP : 0) |
    (revents & (c.POLLERR | c.POLLNVAL) ? FAILED : 0)
  )
}

const nameBuffer = Buffer.alloc(SOCKADDR_STORAGE_SIZE)
const nameLength = new Uint32Array(1)
const optionLength = new Uint32Array(1)
const count = new Int32Array(1)

export const systemCalls: SystemCalls = {
  types: { stream: c.SOCK_STREAM, datagram: c.SOCK_DGRAM, seqpacket: c.SOCK_SEQPACKET },
  options,
  lingerSize: 8,
  // struct linger { int l_onoff; int l_linger; }
  encodeLinger: (seconds) => new Uint8Array(Int32Array.of(seconds === null ? 0 : 1, seconds ?? 0).buffer),
  decodeLinger: (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return view.getInt32(0, true) === 0 ? null : view.getInt32(4, true)
  },
  MSG_PEEK: c.MSG_PEEK,
  MSG_DONTWAIT: c.MSG_DONTWAIT,
  blocksInSystem: true,
  longestStreamSend: Infinity,

  open: (family, type) => {
    const fd = check(libc.socket.attempt(family, type | c.SOCK_CLOEXEC, 0), 'socket')
    if (onDarwin) orClosed([fd], prepareOnDarwin)
    return fd
  },
  pair: (type) => {
    const fds = new Int32Array(2)
    check(libc.socketpair.attempt(c.AF_UNIX, type | c.SOCK_CLOEXEC, 0, fds), 'socketpair')
    const pair: [number, number] = [fds[0]!, fds[1]!]
    if (onDarwin) orClosed(pair, prepareOnDarwin)
    return pair
  },
  // Linux closes the descriptor even when it answers EINTR, and a second close could hit another's (close(2)).
  close: (fd) => {
    const result = libc.close.attempt(fd)
    return -result === EINTR ? 0 : result
  },
  duplicate: (fd) => check(libc.fcntl.attempt(fd, c.F_DUPFD_CLOEXEC, 0), 'fcntl'),
  setNonblocking: (fd, on) => {
    const flags = libc.fcntl(fd, c.F_GETFL, 0)
    const wanted = on ? flags | c.O_NONBLOCK : flags & ~c.O_NONBLOCK
    if (wanted !== flags) libc.fcntl(fd, c.F_SETFL, wanted)
  },

  reuseAddress: (fd) => {
    libc.setsockopt(fd, c.SOL_SOCKET, c.SO_REUSEADDR, Int32Array.of(1), 4)
  },
  bind: (fd, address) => libc.bind.attempt(fd, address, address.length),
  listen: (fd, backlog) => libc.listen.attempt(fd, backlog),
  accept: (fd) => {
    if (!onDarwin) return libc.accept4.attempt(fd, null, null, c.SOCK_CLOEXEC)
    const accepted = libc.accept.attempt(fd, null, null)
    if (accepted >= 0) {
      orClosed([accepted], (connection) => {
        prepareOnDarwin(connection)
        // An accepted socket inherits O_NONBLOCK there, and does not on Linux (accept(2)).
        systemCalls.setNonblocking(connection, false)
      })
    }
    return accepted
  },
  connect: (fd, address) => libc.connect.attempt(fd, address, address.length),
  connectWithin,

  // struct timeval { time_t tv_sec; suseconds_t tv_usec; }, 16 bytes (socket(7) SO_RCVTIMEO); 0 would be for ever.
  receiveTimeout: (fd, ms) => {
    const us = Math.max(1, Math.round(ms * 1000))
    const timeval = BigInt64Array.of(BigInt(Math.trunc(us / 1_000_000)), BigInt(us % 1_000_000))
    libc.setsockopt(fd, c.SOL_SOCKET, c.SO_RCVTIMEO, timeval, 16)
  },

  // MSG_NOSIGNAL: Node ignores SIGPIPE, but a program that embeds it may not.
  send: (fd, data, flags) => libc.send.attempt(fd, data, data.byteLength, flags | c.MSG_NOSIGNAL),
  recv: (fd, buffer, flags) => libc.recv.attempt(fd, buffer, buffer.byteLength, flags),
  sendMessage,
  receiveMessage,
  shutdown: (fd, how) => libc.shutdown.attempt(fd, how),

  pollOne: (fd, interest, timeoutMs) => {
    one[0] = fd
    one[1] = toEvents(interest)
    const result = libc.poll.attempt(one, 1, timeoutMs)
    return result <= 0 ? result : fromEvents(one[1])
  },
  poll: (fds, interests, timeoutMs, ready) => {
    const pollfds = new Int32Array(2 * fds.length)
    fds.forEach((fd, index) => pollfds.set([fd, toEvents(interests[index]!)], 2 * index))
    const result = libc.poll.attempt(pollfds, fds.length, timeoutMs)
    if (result >= 0) fds.forEach((_, index) => (ready[index] = fromEvents(pollfds[2 * index + 1]!)))
    return result
  },

  name: (which, fd) => {
    nameLength[0] = nameBuffer.length
    check(libc[which].attempt(fd, nameBuffer, nameLength), which)
    return Uint8Array.prototype.slice.call(nameBuffer, 0, nameLength[0])
  },
  getOption: (fd, level, name, value) => {
    optionLength[0] = value.length
    return libc.getsockopt.attempt(fd, level, name, value, optionLength)
  },
  setOption: (fd, level, name, value) => libc.setsockopt.attempt(fd, level, name, value, value.length),
  available: (fd) => {
    libc.ioctl(fd, c.FIONREAD, count)
    return count[0]!
  },
  peerCredentials,
  ...(onDarwin ? {} : { peerGroups, peerLabel, peerPidfd }),

  // poll(2) of nothing: "sleeping for a subsecond", as its man page calls it.
  sleep: (ms) => {
    libc.poll.attempt(null, 0, ms)
  },

  // macOS answers ENOBUFS where a datagram finds the queue of its receiver full.
  isWouldBlock: (code) => code === EAGAIN || code === EWOULDBLOCK || (onDarwin && code === ENOBUFS),
  isInterrupted: (code) => code === EINTR,
  isInProgress: (code) => code === EINPROGRESS,
  toError: (nativeCode, syscall, about) => callFailed(errnoCode(nativeCode), nativeCode, syscall, about),
}
