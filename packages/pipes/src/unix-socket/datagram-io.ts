/** Sending and receiving datagrams: in the kernel where no thread has to wake the call, otherwise by attempts. */
import { SocketError, sockets, UnixAddress } from '@uds/winsock-ffi'
import { timedOut } from '../errors/errors.ts'
import { READ, RESET, WRITE, type Direction } from '../threads/cells.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import type { SharedState } from '../threads/state.ts'
import { tracing } from '../trace.ts'
import { UnixSocketAddr } from './address.ts'
import { addrOf } from './long-path.ts'
import type { SenderName } from './system/socket-system.ts'
import { socketSystem as system } from './system/select.ts'
import {
  attemptUntil,
  isOrdinary,
  mayWaitInKernel,
  restOf,
  setKernelTimeout,
  withoutWaiting,
  withSocket,
} from './waiting.ts'

/** A system call on the socket, which waits in the kernel or not at all: its result, or the negated error number. */
type Transfer = (fd: number, waits: boolean) => number

export const resetError = (): SocketError =>
  new SocketError({
    code: 'ECONNRESET',
    syscall: 'recvmsg',
    detail: 'the peer connected to another socket, or to none',
  })

/**
 * What arrived before a reset is received before it: the system reports the error of a datagram socket first
 * (__skb_try_recv_datagram in Linux' net/core/datagram.c).
 */
const beforeReset = (state: SharedState, transfer: Transfer): number => {
  for (;;) {
    const result = transfer(state.handle, false)
    if (result >= 0) return result
    if (system.isGone(-result)) state.add(RESET)
    else if (system.isWouldBlock(-result) && (state.clear(RESET) & RESET) !== 0) throw resetError()
    else return result
  }
}

const byAttempts = (
  state: SharedState,
  direction: Direction,
  syscall: string,
  timeoutMs: number | undefined,
  transfer: Transfer,
): number => {
  const lock = new DirectionLock(state, direction, syscall, timeoutMs)
  const result = attemptUntil(lock, () =>
    direction === READ ? beforeReset(state, transfer) : transfer(state.handle, false),
  )
  if (result < 0) throw system.failed(-result, syscall)
  return result
}

/** Goes on where the kernel stopped. @param result - The negated error number of its call. */
export const datagramOn = (
  state: SharedState,
  direction: Direction,
  syscall: string,
  transfer: Transfer,
  result: number,
): number => {
  const reset = direction === READ && system.isGone(-result)
  if (reset) state.add(RESET)
  else if (!system.isInterrupted(-result) && !system.isWouldBlock(-result))
    throw system.failed(-result, syscall)
  const timeout = state.timeout(direction)
  try {
    const left = reset ? timeout : restOf(state, result, timeout)
    return byAttempts(state, direction, syscall, left, transfer)
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ETIMEDOUT' ? timedOut(syscall, timeout) : error
  }
}

/** Moves one datagram, and waits as the options and settings say. */
export const datagramCall = (
  state: SharedState,
  direction: Direction,
  syscall: string,
  timeoutMs: number | undefined,
  transfer: Transfer,
): number => {
  const inKernel = mayWaitInKernel(state, timeoutMs) && !state.has(RESET)
  if (!inKernel) return byAttempts(state, direction, syscall, timeoutMs, transfer)
  setKernelTimeout(state, direction, state.timeout(direction))
  const result = transfer(state.handle, true)
  return result >= 0 ? result : datagramOn(state, direction, syscall, transfer, result)
}

export const sending =
  (data: Uint8Array): Transfer =>
  (fd, waits) =>
    waits ? system.send(fd, data) : system.trySend(fd, data)

export const sendingTo =
  (data: Uint8Array, to: Uint8Array): Transfer =>
  (fd, waits) =>
    system.sendTo(fd, data, to, waits)

export const receiving =
  (buffer: Uint8Array): Transfer =>
  (fd, waits) =>
    waits ? system.receive(fd, buffer) : system.tryReceive(fd, buffer, false)

/** The ordinary send: a few loads of memory beside the system call. */
export const sendOrdinary = (state: SharedState, data: Uint8Array): number | undefined => {
  if (!isOrdinary(state, WRITE)) return undefined
  const result = system.send(state.handle, data)
  return result >= 0 ? result : datagramOn(state, WRITE, 'send', sending(data), result)
}

export const receiveOrdinary = (state: SharedState, buffer: Uint8Array): number | undefined => {
  if (!isOrdinary(state, READ)) return undefined
  const result = system.receive(state.handle, buffer)
  return result >= 0 ? result : datagramOn(state, READ, 'recv', receiving(buffer), result)
}

/** A datagram as the system received it. */
interface Received {
  /** Its whole length, where the system reports it: otherwise that of the part in the buffer. */
  readonly length: number
  readonly from: UnixSocketAddr
  /** True where the system says so itself. */
  readonly truncated: boolean
}

/** By sendmsg's twin, for every system, and to look without taking. */
const byMessage = (
  state: SharedState,
  buffer: Uint8Array,
  syscall: string,
  timeoutMs: number | undefined,
  peek: boolean,
): Received => {
  let received: Received = { length: 0, from: UnixSocketAddr.unnamed, truncated: false }
  const attempt = (): number =>
    withSocket(state, 'datagram', 'recvmsg', (socket) => {
      const { bytes, from, truncated } = sockets.receiveMessage(socket, buffer, { peek, timeoutMs: 0 })
      const address = from === undefined ? UnixSocketAddr.unnamed : addrOf(from)
      received = { length: bytes, from: address, truncated }
      return bytes
    })
  byAttempts(state, READ, syscall, timeoutMs, () => {
    try {
      return withoutWaiting(attempt)
    } catch (error) {
      const { nativeCode } = error as SocketError
      if (nativeCode !== undefined && system.isGone(nativeCode)) return -nativeCode
      throw error
    }
  })
  return received
}

/** sizeof(struct sockaddr_un), on Linux 110. */
const SOCKADDR_UN_SIZE = 112

const freshName = (): SenderName => ({
  bytes: new Uint8Array(SOCKADDR_UN_SIZE),
  length: new Uint32Array(1),
})

const senderName = freshName()

/** The sender of the last datagram: mostly the next one has the same, and an address is immutable. */
let lastBytes: Uint8Array = new Uint8Array(0)
let lastSender: UnixSocketAddr = UnixSocketAddr.unnamed

const senderOf = ({ bytes, length }: SenderName): UnixSocketAddr => {
  const size = Math.min(length[0]!, bytes.length)
  // Not more than the family: the sender has no name.
  if (size <= 2) return UnixSocketAddr.unnamed
  let same = size === lastBytes.length
  for (let index = 0; same && index < size; index += 1) same = bytes[index] === lastBytes[index]
  if (same) return lastSender
  const found = bytes.slice(0, size)
  lastSender = addrOf(UnixAddress.decode(found))
  lastBytes = found
  return lastSender
}

/** Receives a datagram with its sender. */
export const receiveFrom = (
  state: SharedState,
  buffer: Uint8Array,
  syscall: string,
  timeoutMs: number | undefined,
  peek: boolean,
): Received => {
  const byName = system.receiveFrom
  if (byName === undefined || peek) return byMessage(state, buffer, syscall, timeoutMs, peek)
  // A subscriber to the record of calls may receive datagrams itself.
  const name = tracing() ? freshName() : senderName
  let from = UnixSocketAddr.unnamed
  const length = datagramCall(state, READ, syscall, timeoutMs, (fd, waits) => {
    const result = byName(fd, buffer, name, waits)
    if (result >= 0) from = senderOf(name)
    return result
  })
  return { length, from, truncated: length > buffer.length }
}
