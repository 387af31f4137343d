/**
 * tryAccept, tryRecv, recvWithin, trySend, tryConnect: they never wait, whatever the socket does, and "not now" is a value: for programs that make their own
 * loop of `poll`. They take no way through an exception, which costs a hundred times what the call does.
 */
import type { SocketAddress } from '../address/socket-address.ts'
import { invalidArgument, outOfRange } from '../errors/wrong-argument.ts'
import { openFd, SocketHandle } from '../handle/socket-handle.ts'
import { READABLE } from '../system-calls/system-calls.ts'
import { systemCalls } from '../system-calls/select.ts'
import { checkAddress, checkBytes, checkRoom, subjectOf } from './arguments.ts'

/** What became of a call that failed: true to make it again (a signal came), false for "not now". */
export const mayRetry = (result: number, syscall: string): boolean => {
  if (systemCalls.isWouldBlock(-result)) return false
  if (systemCalls.isInterrupted(-result)) return true
  throw systemCalls.toError(-result, syscall)
}

/**
 * Takes the next connection if one is waiting, undefined otherwise. The socket must be non-blocking on POSIX.
 *
 * @throws SocketError as `accept`, but never `EAGAIN`.
 */
export const tryAccept = (handle: SocketHandle): SocketHandle | undefined => {
  const fd = openFd(handle, 'accept')
  for (;;) {
    const result = systemCalls.accept(fd)
    if (result >= 0) return new SocketHandle(result, handle.family, handle.type)
    if (!mayRetry(result, 'accept')) return undefined
  }
}

/**
 * Receives what is there, also on a socket that is blocking.
 *
 * @returns How many bytes came, 0 at the end of the stream; undefined when there is nothing yet.
 * @throws SocketError as `recv`, but never `EAGAIN` and `ETIMEDOUT`.
 */
export const tryRecv = (
  handle: SocketHandle,
  buffer: Uint8Array,
  options?: { readonly peek?: boolean | undefined },
): number | undefined => {
  const fd = openFd(handle, 'recv')
  checkRoom(buffer, 'recv')
  const flags = (options?.peek ? systemCalls.MSG_PEEK : 0) | systemCalls.MSG_DONTWAIT
  for (;;) {
    const result = systemCalls.recv(fd, buffer, flags)
    if (result >= 0) return result
    if (!mayRetry(result, 'recv')) return undefined
  }
}

const LONGEST_SLICE_MS = 2 ** 31 - 1

/**
 * Receives from a stream, and waits for it up to `ms` milliseconds, rounded to what the clock of the system can: for a loop
 * that has to look up now and then. The system waits within the call itself, which is half of what `poll` and `recv` cost;
 * the socket becomes blocking for that. On Windows, where sockets of this package never block, it is polled.
 *
 * @returns How many bytes came, 0 at the end of the stream; undefined when the time is up.
 * @throws SocketError as `recv`, but never `EAGAIN` and `ETIMEDOUT`.
 */
export const recvWithin = (handle: SocketHandle, buffer: Uint8Array, ms: number): number | undefined => {
  const fd = openFd(handle, 'recv')
  checkRoom(buffer, 'recv')
  if (typeof ms !== 'number') throw invalidArgument('recv', 'ms', 'a number of milliseconds', ms)
  if (!(ms > 0 && ms <= LONGEST_SLICE_MS)) {
    throw outOfRange(
      'recv',
      'ms',
      `a number of milliseconds, more than 0 and at most ${LONGEST_SLICE_MS}`,
      ms,
    )
  }
  const { receiveTimeout } = systemCalls
  if (!receiveTimeout) {
    if (systemCalls.pollOne(fd, READABLE, Math.ceil(ms)) === 0) return undefined
    return tryRecv(handle, buffer)
  }
  if (handle.nonblocking) handle.setNonblocking(false)
  if (slices.get(handle) !== ms) {
    receiveTimeout(fd, ms)
    slices.set(handle, ms)
  }
  for (;;) {
    const result = systemCalls.recv(fd, buffer, 0)
    if (result >= 0) return result
    if (!mayRetry(result, 'recv')) return undefined
  }
}

/** The SO_RCVTIMEO that each socket has, in milliseconds. */
const slices = new WeakMap<SocketHandle, number>()

/**
 * Sends what there is room for, also on a socket that is blocking.
 *
 * @returns How many bytes were sent; undefined when there is no room now.
 * @throws SocketError as `send`, but never `EAGAIN` and `ETIMEDOUT`.
 */
export const trySend = (
  handle: SocketHandle,
  data: Uint8Array,
  options?: { readonly to?: SocketAddress | undefined },
): number | undefined => {
  const fd = openFd(handle, 'send')
  checkBytes(data, 'send', 'the data')
  const to = options?.to
  if (to) checkAddress(handle, to, 'send')
  const message = to && { parts: [data], descriptors: [], to: to.encode() }
  const longest = handle.type === 'stream' ? systemCalls.longestStreamSend : Infinity
  const offered = data.byteLength > longest ? data.subarray(0, longest) : data
  for (;;) {
    const result = message
      ? systemCalls.sendMessage(fd, message, systemCalls.MSG_DONTWAIT)
      : systemCalls.send(fd, offered, systemCalls.MSG_DONTWAIT)
    if (result >= 0) return result
    if (!mayRetry(result, 'send')) return undefined
  }
}

/**
 * Begins to connect a non-blocking socket, in the words of no system.
 *
 * @returns `connected` when it is done; `connecting` when it goes on by itself: poll for writable, then read `SO_ERROR`;
 *   `full` when the listener has no room now and the call has to be made again (AF_UNIX on Linux).
 * @throws SocketError as `connect`, but never `EINPROGRESS` and `EAGAIN`.
 */
export const tryConnect = (
  handle: SocketHandle,
  address: SocketAddress,
): 'connected' | 'connecting' | 'full' => {
  const fd = openFd(handle, 'connect')
  checkAddress(handle, address, 'connect')
  const result = systemCalls.connect(fd, address.encode())
  if (result >= 0) return 'connected'
  // A signal ends the call, and not the connecting: connect(2).
  if (systemCalls.isInProgress(-result) || systemCalls.isInterrupted(-result)) return 'connecting'
  if (systemCalls.isWouldBlock(-result)) return 'full'
  throw systemCalls.toError(-result, 'connect', subjectOf(address))
}
