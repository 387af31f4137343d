/** SystemCalls of Windows, over Winsock. */
import { accessSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callFailed } from '../../errors/call-failed.ts'
import { FAILED, HANGUP, READABLE, WRITABLE, type SystemCalls } from '../system-calls.ts'
import { type ErrorSubject } from '../../errors/call-failed.ts'
import { encodeUnix, SOCKADDR_STORAGE_SIZE, windowsLayout } from '../../address/sockaddr.ts'
import { connectWithin } from './connect.ts'
import * as c from '../../constants/win32.ts'
import { peerCredentials } from '../../credentials/win32.ts'
import { errorRow } from '../../errors/win32/error-codes.ts'
import { options } from './options.ts'
import { kernel32, winsock } from '../../libraries/win32/prototypes.ts'
import { removeSocketFile } from '../../socket-file/win32/remove-socket-file.ts'
import { ensureWsaStarted } from '../../libraries/win32/startup.ts'

const WSAEINVAL = 10022
const WSAEWOULDBLOCK = 10035
const WSAEMSGSIZE = 10040
const WSAENETDOWN = 10050
const WSAECONNABORTED = 10053

const LONGEST_TRANSFER = 2 ** 31 - 1
const length = (data: Uint8Array): number => Math.min(data.byteLength, LONGEST_TRANSFER)

const check = (result: number, syscall: string): number => {
  if (result < 0) throw systemCalls.toError(-result, syscall)
  return result
}

/**
 * Every SOCKET is non-blocking for Winsock, and calls wait in WSAPoll: so a deadline can be kept on every call, and the
 * socket is ready to be adopted by Node's loop.
 */
const makeNonblocking = (socket: number): void => {
  winsock.ioctlsocket(socket, c.FIONBIO, Uint32Array.of(1))
}

/** Prepares a SOCKET that is new; one that cannot be prepared is closed. */
const orClosed = (socket: number, prepare: (socket: number) => void): number => {
  try {
    prepare(socket)
    return socket
  } catch (error) {
    winsock.closesocket.attempt(socket)
    throw error
  }
}

const open = (family: number, type: number): number => {
  ensureWsaStarted()
  const flags = c.WSA_FLAG_OVERLAPPED | c.WSA_FLAG_NO_HANDLE_INHERIT
  const socket = check(winsock.WSASocketW.attempt(family, type, 0, null, 0, flags), 'socket')
  return orClosed(socket, makeNonblocking)
}

// struct WSAPOLLFD { SOCKET fd; SHORT events; SHORT revents; }: 16 bytes on 64 bits
const one = new DataView(new ArrayBuffer(16))

// Asking WSAPoll for POLLERR or POLLHUP is an error there; it reports them unasked.
const toEvents = (interest: number): number =>
  (interest & READABLE ? c.POLLRDNORM : 0) | (interest & WRITABLE ? c.POLLWRNORM : 0)

const fromEvents = (revents: number): number =>
  (revents & (c.POLLRDNORM | c.POLLRDBAND) ? READABLE : 0) |
  (revents & c.POLLWRNORM ? WRITABLE : 0) |
  (revents & c.POLLHUP ? HANGUP : 0) |
  (revents & (c.POLLERR | c.POLLNVAL) ? FAILED : 0)

const putPollfd = (view: DataView, offset: number, socket: number, interest: number): void => {
  view.setBigUint64(offset, BigInt(socket), true)
  view.setInt16(offset + 8, toEvents(interest), true)
  view.setInt16(offset + 10, 0, true)
}

const nameBuffer = Buffer.alloc(SOCKADDR_STORAGE_SIZE)
const int = new Int32Array(1)

/** The pair is made, or its error is on the way: a file that cannot be removed changes neither. */
const removeTemporary = (path: string, directory: string): void => {
  try {
    removeSocketFile(path)
    rmdirSync(directory)
  } catch {
    // It stays in the directory of temporary files.
  }
}

/** There is no socketpair in Winsock; a listener on a temporary name that accepts one connection makes one. */
const pair = (type: number): [number, number] => {
  const directory = mkdtempSync(join(tmpdir(), 'uds-'))
  const path = join(directory, 's')
  const address = encodeUnix(Buffer.from(path), windowsLayout)
  const opened: number[] = []
  const make = (socket: number): number => {
    opened.push(socket)
    return socket
  }
  const about = { address: `unix:${path}`, path }
  try {
    const listener = make(open(c.AF_UNIX, type))
    const bound = systemCalls.bind(listener, address)
    if (bound < 0) throw systemCalls.toError(-bound, 'bind', about)
    check(systemCalls.listen(listener, 1), 'listen')
    const client = make(open(c.AF_UNIX, type))
    const connected = connectWithin(client, address, -1)
    if (connected < 0) throw systemCalls.toError(-connected, 'connect', about)
    check(systemCalls.pollOne(listener, READABLE, -1), 'WSAPoll')
    const server = make(check(systemCalls.accept(listener), 'accept'))
    opened.splice(opened.indexOf(client), 1)
    opened.splice(opened.indexOf(server), 1)
    return [client, server]
  } finally {
    opened.forEach((socket) => systemCalls.close(socket))
    removeTemporary(path, directory)
  }
}

const exists = (path: string): boolean => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

/**
 * Winsock turns "object name not found" and "object path not found" into WSAENETDOWN: on AF_UNIX it means that the
 * directory (bind) or the file (connect) is missing. Wine says WSAEINVAL for the file, as Windows does for whatever
 * its table does not know; whether the file is there decides.
 */
const codeFor = (nativeCode: number, syscall: string, about: ErrorSubject | undefined): string => {
  if (about?.path !== undefined && (syscall === 'bind' || syscall === 'connect')) {
    if (nativeCode === WSAENETDOWN) return 'ENOENT'
    if (nativeCode === WSAEINVAL && syscall === 'connect' && !exists(about.path)) return 'ENOENT'
  }
  // libuv does the same when a stream is read: what broke is the connection.
  if (nativeCode === WSAECONNABORTED && (syscall === 'recv' || syscall === 'send')) return 'ECONNRESET'
  return errorRow(nativeCode)[1]
}

export const systemCalls: SystemCalls = {
  types: { stream: c.SOCK_STREAM, datagram: c.SOCK_DGRAM, seqpacket: c.SOCK_SEQPACKET },
  options,
  lingerSize: 4,
  // struct linger { u_short l_onoff; u_short l_linger; }
  encodeLinger: (seconds) => new Uint8Array(Uint16Array.of(seconds === null ? 0 : 1, seconds ?? 0).buffer),
  decodeLinger: (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return view.getUint16(0, true) === 0 ? null : view.getUint16(2, true)
  },
  MSG_PEEK: c.MSG_PEEK,
  MSG_DONTWAIT: 0,
  blocksInSystem: false,
  longestStreamSend: 65_536,

  open,
  pair,
  close: (socket) => winsock.closesocket.attempt(socket),
  // It is non-blocking already, see makeNonblocking; what the caller sees is the handle's own flag.
  setNonblocking: () => {},

  // Winsock has no such state to get over.
  reuseAddress: () => {},
  bind: (socket, address) => winsock.bind.attempt(socket, address, address.length),
  listen: (socket, backlog) => winsock.listen.attempt(socket, backlog),
  accept: (socket) => {
    const accepted = winsock.accept.attempt(socket, null, null)
    if (accepted < 0) return accepted
    // It inherits the event selection of its listener, and accept has no flag against inheritance by child processes.
    return orClosed(accepted, () => {
      winsock.WSAEventSelect(accepted, 0, 0)
      makeNonblocking(accepted)
      kernel32.SetHandleInformation(accepted, c.HANDLE_FLAG_INHERIT, 0)
    })
  },
  connect: (socket, address) => winsock.connect.attempt(socket, address, address.length),
  connectWithin,

  send: (socket, data, flags) => winsock.send.attempt(socket, data, length(data), flags),
  recv: (socket, buffer, flags) => winsock.recv.attempt(socket, buffer, length(buffer), flags),
  sendMessage: (socket, { parts, descriptors, to }, flags) => {
    if (descriptors.length > 0) {
      throw systemCalls.toError(10045, 'sendmsg')
    }
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    return to
      ? winsock.sendto.attempt(socket, data, length(data), flags, to, to.length)
      : winsock.send.attempt(socket, data, length(data), flags)
  },
  receiveMessage: (socket, buffer, _maxDescriptors, flags, result) => {
    int[0] = nameBuffer.length
    const bytes = winsock.recvfrom.attempt(socket, buffer, length(buffer), flags, nameBuffer, int)
    result.truncated = -bytes === WSAEMSGSIZE
    if (bytes < 0 && !result.truncated) return bytes
    // A connected stream leaves the address alone, and its length at 0 or as it was.
    result.from =
      int[0] === nameBuffer.length ? new Uint8Array(0) : Uint8Array.from(nameBuffer.subarray(0, int[0]))
    return result.truncated ? buffer.byteLength : bytes
  },
  shutdown: (socket, how) => winsock.shutdown.attempt(socket, how),

  pollOne: (socket, interest, timeoutMs) => {
    putPollfd(one, 0, socket, interest)
    const result = winsock.WSAPoll.attempt(one, 1, timeoutMs)
    return result <= 0 ? result : fromEvents(one.getInt16(10, true))
  },
  poll: (sockets, interests, timeoutMs, ready) => {
    const view = new DataView(new ArrayBuffer(16 * sockets.length))
    sockets.forEach((socket, index) => putPollfd(view, 16 * index, socket, interests[index]!))
    const result = winsock.WSAPoll.attempt(view, sockets.length, timeoutMs)
    if (result >= 0)
      sockets.forEach((_, index) => (ready[index] = fromEvents(view.getInt16(16 * index + 10, true))))
    return result
  },

  name: (which, socket) => {
    int[0] = nameBuffer.length
    const result = winsock[which].attempt(socket, nameBuffer, int)
    // getsockname of a socket that was neither bound nor connected, where POSIX returns an unnamed address.
    if (-result === WSAEINVAL && which === 'getsockname') return new Uint8Array(0)
    check(result, which)
    return Uint8Array.prototype.slice.call(nameBuffer, 0, int[0])
  },
  getOption: (socket, level, name, value) =>
    winsock.getsockopt.attempt(socket, level, name, value, Int32Array.of(value.length)),
  setOption: (socket, level, name, value) =>
    winsock.setsockopt.attempt(socket, level, name, value, value.length),
  available: (socket) => {
    const count = new Uint32Array(1)
    winsock.ioctlsocket(socket, c.FIONREAD, count)
    return count[0]!
  },
  peerCredentials,

  // WSAPoll wants a socket at least.
  sleep: (ms) => {
    kernel32.Sleep.attempt(ms)
  },

  isWouldBlock: (code) => code === WSAEWOULDBLOCK,
  // Blocking calls are never interrupted by signals, as there are none.
  isInterrupted: () => false,
  isInProgress: (code) => code === WSAEWOULDBLOCK,
  toError: (nativeCode, syscall, about) =>
    callFailed(codeFor(nativeCode, syscall, about), nativeCode, syscall, about),
}
