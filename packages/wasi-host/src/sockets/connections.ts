/** How a stream comes to be: it is dialled, or accepted by one that listens. */
import type { Address } from '../network/address.ts'
import { Failure, wouldBlock } from '../outcome/failure.ts'
import { GuestSocket } from './guest-socket.ts'
import type { Connecting, Interest, StreamEnd } from '../network/network.ts'
import type { Permitted } from '../policy/permissions.ts'
import { after, rescued, type NOT_YET, type Outcome } from '../outcome/sync-promise.ts'
import type { SocketContext } from './context.ts'
import { until } from './wait-policy.ts'

const connect = (
  network: SocketContext['network'],
  target: Permitted['target'],
  { local, options }: GuestSocket,
  failed: Permitted['failed'],
): Connecting => {
  try {
    return network.connect(target, { from: local, options })
  } catch (error) {
    failed(error)
    throw error
  }
}

/** @param peer - The address that the guest dialled; undefined for a name. */
export const dial = (
  { network }: SocketContext,
  socket: GuestSocket,
  { target, failed }: Permitted,
  peer: Address | undefined,
): Outcome<void> => {
  // A bound socket releases its address, so that the connection can have it.
  socket.listener?.close()
  socket.listener = undefined
  const connecting = connect(network, target, socket, failed)
  socket.connecting = connecting
  socket.connectFailed = failed
  socket.dialled = peer
  const attempt = (): true | typeof NOT_YET => socket.finishConnecting()
  const interest = (): Interest => ({ end: connecting, read: false, write: true })
  const tidy = (error: unknown): never => {
    if (error === wouldBlock) throw new Failure('EINPROGRESS', 'the connection is being made')
    socket.noteConnectFailed(error)
    socket.abandonConnecting()
    throw error
  }
  const waits = {
    nonblocking: socket.nonblocking,
    timeoutMs: socket.connectTimeoutMs < 0 ? socket.sendTimeoutMs : socket.connectTimeoutMs,
  }
  return rescued(() => after(until(network, attempt, interest, waits), () => {}), tidy)
}

/** Returns two streams that are connected with each other, counted by the quota. */
export const pair = ({ network, quota }: SocketContext): Outcome<readonly [GuestSocket, GuestSocket]> => {
  quota.openSocket()
  try {
    quota.openSocket()
  } catch (error) {
    quota.closeSocket()
    throw error
  }
  const failed = (error: unknown): never => {
    quota.closeSocket()
    quota.closeSocket()
    throw error
  }
  return after(
    rescued(() => network.pair(), failed),
    paired,
  )
}

/** Returns the socket of the next connection, counted by the quota. */
export const accept = (
  { network, quota }: SocketContext,
  socket: GuestSocket,
  nonblocking: boolean,
): Outcome<GuestSocket> => {
  const { listener } = socket
  if (socket.kind !== 'stream') throw new Failure('ENOTSUP', 'a datagram socket accepts nothing')
  if (!listener || !socket.listening) throw new Failure('EINVAL', 'the socket does not listen')
  // Before the connection is taken, so that it stays in the queue.
  quota.openSocket()
  const failed = (error: unknown): never => {
    quota.closeSocket()
    throw error
  }
  const taken = (stream: StreamEnd): GuestSocket => {
    const made = new GuestSocket(socket.family, 'stream')
    made.stream = stream
    made.nonblocking = nonblocking
    return made
  }
  const accepted = (): Outcome<StreamEnd> =>
    until(
      network,
      () => listener.accept(),
      () => ({ end: socket.end ?? listener, read: true, write: false }),
      {
        nonblocking: socket.nonblocking,
        timeoutMs: socket.acceptTimeoutMs < 0 ? socket.receiveTimeoutMs : socket.acceptTimeoutMs,
      },
    )
  return after(rescued(accepted, failed), taken)
}

/** A socket of a pair, which has no address. */
const connected = (stream: StreamEnd): GuestSocket => {
  const socket = new GuestSocket('unix', 'stream')
  socket.stream = stream
  return socket
}

const paired = ([one, other]: readonly [StreamEnd, StreamEnd]): readonly [GuestSocket, GuestSocket] => [
  connected(one),
  connected(other),
]
