/** Bytes of connected streams. */
import { DONTWAIT, PEEK, WAITALL } from './socket-calls.ts'
import { failureOf, Stopped, timedOut, wouldBlock } from '../outcome/failure.ts'
import type { GuestSocket } from './guest-socket.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { StreamEnd } from '../network/network.ts'
import { SyncPromise, NOT_YET, rescued, type Outcome } from '../outcome/sync-promise.ts'
import type { SocketContext } from './context.ts'
import { until } from './wait-policy.ts'
import { readIntoIovec, readWaitingInto, writeFromIovec } from './iovec-transfer.ts'

/** @param before - Bytes that the same call of the guest has got already. */
export const receiveStream = (
  context: SocketContext,
  socket: GuestSocket,
  iovec: Iovec,
  flags: number,
  before: number,
): Outcome<number> => {
  const stream = socket.connectedStream()
  if (iovec.size === 0) return 0
  if (socket.pending) return receiveLast(context, socket, stream, iovec, flags)
  if (flags === DONTWAIT && before === 0) return receiveNow(context, socket, stream, iovec)
  return flags === 0 && !socket.nonblocking && socket.receiveTimeoutMs < 0
    ? receivePlainly(context, socket, stream, iovec)
    : receiveUntilDone(context, socket, stream, iovec, flags, before)
}

/** Reads from a connection that is known to be broken: first the bytes that have come, then the error. */
const receiveLast = (
  context: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
  flags: number,
): number => {
  const got = take(context, socket, stream, iovec, { skip: 0, peek: (flags & PEEK) !== 0 })
  if (got !== NOT_YET && got > 0) return got
  socket.throwPending()
  return 0
}

const take = (
  { quota }: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
  { skip, peek }: { readonly skip: number; readonly peek: boolean },
): number | typeof NOT_YET => {
  const most = socket.counts ? quota.available(iovec.size - skip) : iovec.size - skip
  const count = readIntoIovec(stream, iovec, { skip, most, peek }, kept(socket))
  if (count !== NOT_YET && !peek && socket.counts) quota.moved(count)
  return count
}

/** What is there already. */
const receiveNow = (context: SocketContext, socket: GuestSocket, stream: StreamEnd, iovec: Iovec): number => {
  const got = take(context, socket, stream, iovec, { skip: 0, peek: false })
  if (got === NOT_YET) throw wouldBlock
  return got
}

/** What most calls are: whatever is there, however long it takes. Nothing else is made on this way. */
const receivePlainly = (
  context: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
): Outcome<number> => {
  const { network, quota } = context
  for (;;) {
    const most = socket.counts ? quota.available(iovec.size) : iovec.size
    const got = readWaitingInto(stream, iovec, most, kept(socket))
    if (got !== NOT_YET) {
      if (socket.counts) quota.moved(got)
      return got
    }
    // readWaiting has waited already: this only checks whether the guest is to stop.
    const waiting = network.wait([{ end: stream, read: true, write: false }], stream.readWaiting ? 0 : -1)
    if (waiting instanceof SyncPromise)
      return waiting.follow(() => receivePlainly(context, socket, stream, iovec))
  }
}

const receiveUntilDone = (
  context: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
  flags: number,
  before: number,
): Outcome<number> => {
  const peek = (flags & PEEK) !== 0
  const all = (flags & WAITALL) !== 0 && !peek
  let got = 0
  const attempt = (): number | typeof NOT_YET => {
    const count = take(context, socket, stream, iovec, { skip: got, peek })
    if (count === NOT_YET) return NOT_YET
    got += count
    return all && count > 0 && got < iovec.size && !socket.pending ? NOT_YET : got
  }
  const action = (): Outcome<number> =>
    until(context.network, attempt, () => ({ end: stream, read: true, write: false }), {
      nonblocking: socket.nonblocking || (flags & DONTWAIT) !== 0,
      timeoutMs: socket.receiveTimeoutMs,
    })
  return partly(socket, { begun: () => before + got > 0, moved: () => got }, action)
}

export const sendStream = (
  context: SocketContext,
  socket: GuestSocket,
  iovec: Iovec,
  flags: number,
): Outcome<number> => {
  const stream = socket.connectedStream()
  socket.throwPending()
  if (iovec.size === 0) {
    stream.write(new Uint8Array(0))
    return 0
  }
  const nonblocking = socket.nonblocking || (flags & DONTWAIT) !== 0
  const first = put(context, socket, stream, iovec, 0)
  if (first === iovec.size || (first !== NOT_YET && nonblocking)) return first
  if (nonblocking) throw wouldBlock
  return sendRest(context, socket, stream, iovec, first === NOT_YET ? 0 : first)
}

const put = (
  { quota }: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
  sent: number,
): number | typeof NOT_YET => {
  const left = iovec.size - sent
  const count = writeFromIovec(stream, iovec, sent, socket.counts ? quota.available(left) : left)
  if (count !== NOT_YET && socket.counts) quota.moved(count)
  return count
}

/** A blocking stream takes all, as send(2) does. */
const sendRest = (
  context: SocketContext,
  socket: GuestSocket,
  stream: StreamEnd,
  iovec: Iovec,
  before: number,
): Outcome<number> => {
  let sent = before
  const attempt = (): number | typeof NOT_YET => {
    while (sent < iovec.size) {
      const count = put(context, socket, stream, iovec, sent)
      if (count === NOT_YET) return NOT_YET
      sent += count
    }
    return sent
  }
  const action = (): Outcome<number> =>
    until(context.network, attempt, () => ({ end: stream, read: false, write: true }), {
      nonblocking: false,
      timeoutMs: socket.sendTimeoutMs,
    })
  return partly(socket, { begun: () => sent > 0, moved: () => sent }, action)
}

/** Keeps what broke the connection for the call that follows. */
const kept =
  (socket: GuestSocket): ((error: unknown) => void) =>
  (error) => {
    socket.pending = failureOf(error)
  }

/** Returns what was moved already; the next call reports the error. */
const partly = (
  socket: GuestSocket,
  { begun, moved }: { readonly begun: () => boolean; readonly moved: () => number },
  action: () => Outcome<number>,
): Outcome<number> =>
  rescued(action, (error) => {
    if (!begun() || error instanceof Stopped) throw error
    if (error !== wouldBlock && error !== timedOut) kept(socket)(error)
    return moved()
  })
