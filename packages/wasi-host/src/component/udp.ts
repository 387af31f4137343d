/** `wasi:sockets/udp` and `udp-create-socket` of 0.2. */
import { show, type Address, type IpAddress } from '../network/address.ts'
import { Failure, wouldBlock } from '../outcome/failure.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import { DONTWAIT, type Option } from '../sockets/socket-calls.ts'
import { singleIovec } from '../memory/guest-memory.ts'
import { socketChannel, type Interest } from './channel.ts'
import { isEnd, result, unitResult } from './error-code.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { Network } from './network.ts'
import { Pollable } from './pollable.ts'
import { ADDRESS_SLOTS, flatAddress, readAddress, writeAddress } from './socket-address.ts'

export class UdpSocket {
  readonly id: number
  readonly family: 'inet' | 'inet6'
  state: 'unbound' | 'binding' | 'bound' = 'unbound'
  failure: unknown
  /** The only peer, if its streams were made for one. */
  peer: IpAddress | undefined
  hopLimit = 64
  #users = 1

  constructor(id: number, family: 'inet' | 'inet6') {
    this.id = id
    this.family = family
  }

  use(): this {
    this.#users += 1
    return this
  }

  /** The socket and its streams: the last that is dropped closes it. */
  release(host: ComponentHost): Outcome<void> {
    this.#users -= 1
    return this.#users === 0 ? host.guest.sockets.close(this.id) : undefined
  }
}

class IncomingDatagramStream {
  readonly socket: UdpSocket

  constructor(socket: UdpSocket) {
    this.socket = socket.use()
  }
}

class OutgoingDatagramStream {
  readonly socket: UdpSocket
  readonly peer: IpAddress | undefined

  constructor(socket: UdpSocket) {
    this.socket = socket.use()
    this.peer = socket.peer
  }
}

const socketOf = (host: ComponentHost, handle: number): UdpSocket => host.handles.get(UdpSocket, handle)

/** An address that names no interface and no port: the system chooses both with the first datagram. */
const isAny = ({ host, port }: IpAddress): boolean => port === 0 && (host === '0.0.0.0' || host === '::')

const startBind = (host: ComponentHost, socket: UdpSocket, address: IpAddress): Outcome<void> => {
  if (socket.state !== 'unbound') throw new Failure('EISCONN', `the socket is ${socket.state}`)
  if (address.family !== socket.family) throw new Failure('EINVAL', 'the address is of another family')
  const bound = (failure: unknown): void => {
    socket.state = 'binding'
    socket.failure = failure
  }
  if (isAny(address)) return bound(undefined)
  return rescued(
    () => after(host.guest.sockets.bind(socket.id, address), () => bound(undefined)),
    (error) => {
      if (isEnd(error)) throw error
      bound(error)
    },
  )
}

const finishBind = (socket: UdpSocket): void => {
  if (socket.state !== 'binding') throw new Failure('ENOTINPROGRESS', 'no bind was started')
  const { failure } = socket
  socket.failure = undefined
  socket.state = failure === undefined ? 'bound' : 'unbound'
  if (failure !== undefined) throw failure
}

const openStreams = (
  host: ComponentHost,
  socket: UdpSocket,
  peer: IpAddress | undefined,
): Outcome<readonly number[]> => {
  if (socket.state !== 'bound') throw new Failure('EISCONN', `the socket is ${socket.state}`)
  if (peer && (peer.family !== socket.family || peer.port === 0))
    throw new Failure('EINVAL', 'this address cannot be a peer')
  if (!peer && socket.peer)
    throw new Failure('ENOTSUP', 'a socket that had one peer cannot be given all of them again')
  return after(peer ? host.guest.sockets.connect(socket.id, peer) : undefined, () => {
    socket.peer = peer
    return [
      host.handles.add(new IncomingDatagramStream(socket)),
      host.handles.add(new OutgoingDatagramStream(socket)),
    ]
  })
}

/** The longest datagram, and how many one call returns. */
const LONGEST = 65_536
const MOST_AT_ONCE = 64

interface Arrived {
  readonly bytes: Uint8Array
  readonly from: Address
}

const receive = (
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

const OUTGOING = 44

const sendAll = (
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

const unitRow = (
  parameters: string,
  action: (host: ComponentHost, socket: UdpSocket, args: readonly number[]) => Outcome<unknown>,
): ComponentRow => ({
  parameters: `i${parameters}i`,
  waits: true,
  call: (host, self, ...rest) => {
    const socket = socketOf(host, self)
    return unitResult(host, rest.at(-1)!, () => action(host, socket, rest.slice(0, -1)))
  },
})

const addressRow = (action: (host: ComponentHost, socket: UdpSocket) => Outcome<Address>): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, self, at) => {
    const socket = socketOf(host, self)
    return result(
      host,
      at,
      4,
      () => action(host, socket),
      (address, place) => writeAddress(host.guest.memory, place, address),
    )
  },
})

const sizeRows = (name: string, option: Option): ComponentRows => ({
  [`[method]udp-socket.${name}`]: {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const { id } = socketOf(host, self)
      return result(
        host,
        at,
        8,
        () => host.guest.sockets.getOption(id, option),
        (value, place) => host.guest.memory.setU64(place, BigInt(value)),
      )
    },
  },
  [`[method]udp-socket.set-${name}`]: unitRow('I', ({ guest }, { id }, [value]) => {
    const size = BigInt(value!)
    if (size <= 0n) throw new Failure('EINVAL', 'a size is more than 0')
    return guest.sockets.setOption(id, option, Number(size < 0x7fff_ffffn ? size : 0x7fff_ffffn))
  }),
})

const subscribeRow = (
  find: (host: ComponentHost, self: number) => UdpSocket,
  interest: Interest | undefined,
): ComponentRow => ({
  parameters: 'i',
  result: 'i',
  call: (host, self) => {
    const { id } = find(host, self)
    return host.handles.add(
      new Pollable(() =>
        interest ? { kind: 'channel', channel: socketChannel(id), interest } : { kind: 'ready' },
      ),
    )
  },
})

const incomingOf = (host: ComponentHost, self: number): IncomingDatagramStream =>
  host.handles.get(IncomingDatagramStream, self)
const outgoingOf = (host: ComponentHost, self: number): OutgoingDatagramStream =>
  host.handles.get(OutgoingDatagramStream, self)

export const udpRows: ComponentRows = {
  '[method]udp-socket.start-bind': unitRow(`i${ADDRESS_SLOTS}`, (host, socket, [network, ...slots]) => {
    host.handles.get(Network, network!)
    return startBind(host, socket, flatAddress(slots))
  }),
  '[method]udp-socket.finish-bind': unitRow('', (_host, socket) => finishBind(socket)),
  // result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>
  '[method]udp-socket.stream': {
    parameters: `ii${ADDRESS_SLOTS}i`,
    waits: true,
    call: (host, self, some, ...rest) => {
      const socket = socketOf(host, self)
      return result(
        host,
        rest.at(-1)!,
        4,
        () => openStreams(host, socket, some === 1 ? flatAddress(rest) : undefined),
        (streams, place) => {
          for (const [index, stream] of streams.entries()) host.guest.memory.setU32(place + 4 * index, stream)
        },
      )
    },
  },
  '[method]udp-socket.local-address': addressRow((host, socket) => {
    if (socket.state !== 'bound') throw new Failure('EISCONN', 'the socket is not bound')
    return host.guest.sockets.localAddress(socket.id)
  }),
  '[method]udp-socket.remote-address': addressRow((_host, { peer }) => {
    if (!peer) throw new Failure('ENOTCONN', 'the socket has no peer')
    return peer
  }),
  '[method]udp-socket.address-family': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => (socketOf(host, self).family === 'inet' ? 0 : 1),
  },
  '[method]udp-socket.unicast-hop-limit': {
    parameters: 'ii',
    call: (host, self, at) => {
      const { hopLimit } = socketOf(host, self)
      return result(
        host,
        at,
        1,
        () => hopLimit,
        (value, place) => host.guest.memory.setU8(place, value),
      )
    },
  },
  '[method]udp-socket.set-unicast-hop-limit': unitRow('i', (_host, socket, [value]) => {
    if (value === 0) throw new Failure('EINVAL', 'the limit is more than 0')
    socket.hopLimit = value!
  }),
  ...sizeRows('receive-buffer-size', 'SO_RCVBUF'),
  ...sizeRows('send-buffer-size', 'SO_SNDBUF'),
  '[method]udp-socket.subscribe': subscribeRow(socketOf, undefined),
  '[resource-drop]udp-socket': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(UdpSocket, self).release(host),
  },
  // result<list<incoming-datagram>, error-code>; a datagram is 40 bytes: its bytes @0, its address @8
  '[method]incoming-datagram-stream.receive': {
    parameters: 'iIi',
    waits: true,
    call: (host, self, most, at) => {
      const stream = incomingOf(host, self)
      const wanted = BigInt.asUintN(64, BigInt(most))
      const limit = wanted < BigInt(MOST_AT_ONCE) ? Number(wanted) : MOST_AT_ONCE
      return result(
        host,
        at,
        4,
        () => receive(host, stream, limit),
        (arrived, place) =>
          host.setList(place, arrived, { size: 40, align: 4 }, (each, { bytes, from }) => {
            host.setBytes(each, bytes)
            writeAddress(host.guest.memory, each + 8, from)
          }),
      )
    },
  },
  '[method]incoming-datagram-stream.subscribe': subscribeRow((host, self) => incomingOf(host, self).socket, {
    read: true,
    write: false,
  }),
  '[resource-drop]incoming-datagram-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(IncomingDatagramStream, self).socket.release(host),
  },
  '[method]outgoing-datagram-stream.check-send': {
    parameters: 'ii',
    call: (host, self, at) => {
      outgoingOf(host, self)
      return result(
        host,
        at,
        8,
        () => BigInt(MOST_AT_ONCE),
        (value, place) => host.guest.memory.setU64(place, value),
      )
    },
  },
  '[method]outgoing-datagram-stream.send': {
    parameters: 'iiii',
    waits: true,
    call: (host, self, list, count, at) => {
      const stream = outgoingOf(host, self)
      const many = count >>> 0
      const action = (): Outcome<bigint> => {
        if (many > MOST_AT_ONCE) throw new Failure('EINVAL', `${MOST_AT_ONCE} datagrams at most`)
        host.guest.memory.check(list, many * OUTGOING)
        return sendAll(host, stream, list, many)
      }
      return result(host, at, 8, action, (sent, place) => host.guest.memory.setU64(place, sent))
    },
  },
  '[method]outgoing-datagram-stream.subscribe': subscribeRow((host, self) => outgoingOf(host, self).socket, {
    read: false,
    write: true,
  }),
  '[resource-drop]outgoing-datagram-stream': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(OutgoingDatagramStream, self).socket.release(host),
  },
}

export const udpCreateRows: ComponentRows = {
  'create-udp-socket': {
    parameters: 'ii',
    waits: true,
    call: (host, family, at) =>
      result(
        host,
        at,
        4,
        () => {
          const known = family === 0 ? 'inet' : 'inet6'
          const { sockets } = host.guest
          return after(sockets.open(known, 'datagram'), (id) =>
            after(sockets.setNonblocking(id, true), () => new UdpSocket(id, known)),
          )
        },
        (socket, place) => host.guest.memory.setU32(place, host.handles.add(socket)),
      ),
  },
}
