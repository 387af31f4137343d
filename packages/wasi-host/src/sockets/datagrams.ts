/** Datagrams: their permissions are asked for each address. */
import { Backoff, FULL_RECEIVER_PAUSES } from '@uds/winsock-ffi/internal'
import { expectFamily, type Address } from '../network/address.ts'
import { DONTWAIT, PEEK, type Received } from './socket-calls.ts'
import { Failure, timedOut, wouldBlock } from '../outcome/failure.ts'
import type { GuestSocket } from './guest-socket.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import type { DatagramEnd, Network } from '../network/network.ts'
import { after, NOT_YET, type Outcome } from '../outcome/sync-promise.ts'
import type { SocketContext } from './context.ts'
import { now, until, type WaitPolicy } from './wait-policy.ts'
import { gather, scatter } from './iovec-transfer.ts'

/** 65535 without the headers of IPv4 and UDP: udp(7). */
const LONGEST = 65_507

export const connectDatagram = (
  { permissions }: SocketContext,
  socket: GuestSocket,
  end: DatagramEnd,
  address: Address,
): Outcome<void> => {
  const { target } = permissions.connect('datagram', address)
  return after(end.connect(socket.datagramTarget(address, target)), () => {
    socket.dialled = address
  })
}

export const bindDatagram = (
  { permissions }: SocketContext,
  socket: GuestSocket,
  end: DatagramEnd,
  address: Address,
): Outcome<void> => {
  const target = permissions.bind('datagram', address)
  const apply = (): void => {
    for (const [name, value] of socket.options) end.setOption(name, value)
  }
  apply()
  return after(end.bind(socket.datagramTarget(address, target)), () => {
    socket.local = end.local ?? address
    // Some can be had once it is bound only.
    apply()
  })
}

export const receiveDatagram = (
  { network, quota }: SocketContext,
  socket: GuestSocket,
  end: DatagramEnd,
  iovec: Iovec,
  flags: number,
): Outcome<Received> => {
  const peek = (flags & PEEK) !== 0
  const attempt = (): Received | typeof NOT_YET => {
    const most = Math.min(quota.available(Math.max(iovec.size, 1)), iovec.size)
    const parts = iovec.parts()
    const direct = parts.length === 1 ? parts[0]!.subarray(0, most) : new Uint8Array(most)
    let datagram = end.receive(direct, peek)
    // A stranger's is dropped, also when this call only peeks.
    while (datagram !== NOT_YET && !socket.acceptsFrom(datagram.from)) {
      if (peek) end.receive(new Uint8Array(0), false)
      datagram = end.receive(direct, peek)
    }
    if (datagram === NOT_YET) return NOT_YET
    const bytes = Math.min(datagram.size, most)
    if (parts.length !== 1) scatter(direct.subarray(0, bytes), parts)
    if (!peek) quota.moved(bytes)
    return { bytes, truncated: datagram.size > bytes, from: socket.asDialled(datagram.from) }
  }
  return until(network, attempt, () => ({ end, read: true, write: false }), {
    nonblocking: socket.nonblocking || (flags & DONTWAIT) !== 0,
    timeoutMs: socket.receiveTimeoutMs,
  })
}

export const sendDatagram = (
  { network, permissions, quota }: SocketContext,
  socket: GuestSocket,
  end: DatagramEnd,
  iovec: Iovec,
  flags: number,
  to: Address | undefined,
): Outcome<number> => {
  if (to === undefined && socket.dialled === undefined) {
    throw new Failure('EDESTADDRREQ', 'the datagram has no address, and the socket is not connected')
  }
  if (iovec.size > LONGEST) throw new Failure('EMSGSIZE', `a datagram has ${LONGEST} bytes at most`)
  let address: Address | undefined
  if (to !== undefined) {
    expectFamily(socket.family, to)
    address = socket.datagramTarget(to, permissions.connect('datagram', to).target)
  }
  quota.whole(iovec.size)
  socket.noteContact(address)
  const bytes = gather(iovec)
  const pause = retryPauses(network, {
    nonblocking: socket.nonblocking || (flags & DONTWAIT) !== 0,
    timeoutMs: socket.sendTimeoutMs,
  })
  const moved = (count: number): number => {
    quota.moved(count)
    return count
  }
  const attempt = (): Outcome<number> => {
    for (;;) {
      const sent = end.send(bytes, address)
      if (typeof sent === 'number') return moved(sent)
      if (sent !== NOT_YET)
        return after(sent, (count) => (count === NOT_YET ? after(pause(), attempt) : moved(count)))
      const pausing = pause()
      if (pausing !== undefined) return after(pausing, attempt)
    }
  }
  return attempt()
}

/** Waits between tries, longer each time. */
const retryPauses = (network: Network, { nonblocking, timeoutMs }: WaitPolicy): (() => Outcome<void>) => {
  const deadline = timeoutMs < 0 ? Infinity : now() + timeoutMs
  const pauses = new Backoff(FULL_RECEIVER_PAUSES)
  return () => {
    if (nonblocking) throw wouldBlock
    const left = deadline - now()
    if (left <= 0) throw timedOut
    return network.wait([], Math.min(pauses.next(), Math.ceil(left)))
  }
}
