/** The datagram streams of a UDP socket of 0.2, and what goes through them. */
import { show, type Address, type IpAddress } from '../network/address.ts'
import { Failure, wouldBlock } from '../outcome/failure.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import { DONTWAIT } from '../sockets/socket-calls.ts'
import { singleIovec } from '../memory/guest-memory.ts'
import { isEnd } from './error-code.ts'
import type { ComponentHost } from './host.ts'
import { readAddress } from './socket-address.ts'
import { keptOptions, SharedSocket, type KeptOptions } from './socket.ts'

export class UdpSocket extends SharedSocket {
  state: 'unbound' | 'binding' | 'bound' = 'unbound'
  failure: unknown
  /** The only peer, if its streams were made for one. */
  peer: IpAddress | undefined
  readonly kept: KeptOptions = keptOptions()
}

export class IncomingDatagramStream {
  readonly socket: UdpSocket

  constructor(socket: UdpSocket) {
    this.socket = socket.use()
  }
}

export class OutgoingDatagramStream {
  readonly socket: UdpSocket
  readonly peer: IpAddress | undefined

  constructor(socket: UdpSocket) {
    this.socket = socket.use()
    this.peer = socket.peer
  }
}

/** The longest datagram. */
const LONGEST = 65_536
/** How many one call returns, or takes. */
export const MOST_AT_ONCE = 64

interface Arrived {
  readonly bytes: Uint8Array
  readonly from: Address
}

/** Receives what has arrived: none is none. */
export const receive = (
  host: ComponentHost,
  { socket }: IncomingDatagramStream,
  most: number,
): Outcome<Arrived[]> => {
  const arrived: Arrived[] = []
  const into = new Uint8Array(LONGEST)
  const next = (): Outcome<Arrived[]> => {
    if (arrived.length >= most) return arrived
    const receiving = rescued(
      () => host.guest.sockets.receiveFrom(socket.id, { size: into.length, parts: () => [into] }, DONTWAIT),
      (error) => {
        if (error === wouldBlock || (arrived.length > 0 && !isEnd(error)))
          return { bytes: -1, truncated: false, from: undefined }
        throw error
      },
    )
    return after(receiving, ({ bytes, from }) => {
      if (bytes < 0) return arrived
      arrived.push({
        bytes: into.slice(0, bytes),
        from: from ?? { family: socket.family, host: '0.0.0.0', port: 0 },
      })
      return next()
    })
  }
  return next()
}

/** Bytes of an `outgoing-datagram` in memory. */
export const OUTGOING = 44

/** Sends a list of datagrams, up to the first that fails; returns how many went. */
export const sendAll = (
  host: ComponentHost,
  stream: OutgoingDatagramStream,
  list: number,
  count: number,
): Outcome<bigint> => {
  const { memory, sockets } = host.guest
  let sent = 0
  const next = (): Outcome<bigint> => {
    if (sent >= count) return BigInt(sent)
    const at = (list >>> 0) + sent * OUTGOING
    const named = memory.u8(at + 8) === 1 ? readAddress(memory, at + 12) : undefined
    const { peer } = stream
    const sending = rescued(
      () => {
        if (!peer && !named) throw new Failure('EINVAL', 'the datagram has no address')
        if (peer && named && show(peer) !== show(named))
          throw new Failure('EINVAL', 'the socket has another peer')
        const iovec = singleIovec(memory, memory.u32(at), memory.u32(at + 4))
        return sockets.send(stream.socket.id, iovec, DONTWAIT, peer ? undefined : named)
      },
      (error) => {
        if (sent === 0 || isEnd(error)) throw error
        return -1
      },
    )
    return after(sending, (bytes) => {
      if (bytes < 0) return BigInt(sent)
      sent += 1
      return next()
    })
  }
  return next()
}
