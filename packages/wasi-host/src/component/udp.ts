/** `wasi:sockets/udp` and `udp-create-socket` of 0.2. */
import type { Address, IpAddress } from '../network/address.ts'
import { Failure } from '../outcome/failure.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import { bytes, list } from './canonical/lists.ts'
import { record } from './canonical/named.ts'
import type { ValueType } from './canonical/type.ts'
import { socketChannel, type Interest } from './channel.ts'
import {
  IncomingDatagramStream,
  MOST_AT_ONCE,
  OUTGOING,
  OutgoingDatagramStream,
  receive,
  sendAll,
  UdpSocket,
} from './datagram-streams.ts'
import { isEnd, result } from './error-code.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { Network } from './network.ts'
import { Pollable } from './pollable.ts'
import { ADDRESS_SLOTS, flatAddress, socketAddress } from './socket-address.ts'
import {
  addressRow,
  createRow,
  dropSocketRow,
  familyRow,
  keptRows,
  setHandles,
  sizeRows,
  unitRow,
} from './socket-rows.ts'
import { expectLocal, expectRemote, isUnspecified } from './socket.ts'

const sender: ValueType<Address> = socketAddress
/** `list<incoming-datagram>` */
const datagrams = list(record(['bytes', bytes], ['from', sender]))

/** An address that names no interface and no port: the system chooses both with the first datagram. */
const isAny = (address: IpAddress): boolean => address.port === 0 && isUnspecified(address)

const startBind = (host: ComponentHost, socket: UdpSocket, address: IpAddress): Outcome<void> => {
  if (socket.state !== 'unbound') throw new Failure('EISCONN', `the socket is ${socket.state}`)
  expectLocal(socket, address)
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
  if (peer) expectRemote(socket, peer)
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
  '[method]udp-socket.start-bind': unitRow(
    UdpSocket,
    `i${ADDRESS_SLOTS}`,
    (host, socket, [network, ...slots]) => {
      host.handles.get(Network, network!)
      return startBind(host, socket, flatAddress(slots))
    },
  ),
  '[method]udp-socket.finish-bind': unitRow(UdpSocket, '', (_host, socket) => finishBind(socket)),
  // result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>
  '[method]udp-socket.stream': {
    parameters: `ii${ADDRESS_SLOTS}i`,
    waits: true,
    call: (host, self, some, ...rest) => {
      const socket = host.handles.get(UdpSocket, self)
      return result(
        host,
        rest.at(-1)!,
        4,
        () => openStreams(host, socket, some === 1 ? flatAddress(rest) : undefined),
        (streams, place) => setHandles(host, streams, place),
      )
    },
  },
  '[method]udp-socket.local-address': addressRow(UdpSocket, (host, socket) => {
    if (socket.state !== 'bound') throw new Failure('EISCONN', 'the socket is not bound')
    return host.guest.sockets.localAddress(socket.id)
  }),
  '[method]udp-socket.remote-address': addressRow(UdpSocket, (_host, { peer }) => {
    if (!peer) throw new Failure('ENOTCONN', 'the socket has no peer')
    return peer
  }),
  '[method]udp-socket.address-family': familyRow(UdpSocket),
  ...keptRows(UdpSocket, 'udp-socket', 'unicast-hop-limit', 'hopLimit', 'b'),
  ...sizeRows(UdpSocket, 'udp-socket', 'receive-buffer-size', 'SO_RCVBUF'),
  ...sizeRows(UdpSocket, 'udp-socket', 'send-buffer-size', 'SO_SNDBUF'),
  '[method]udp-socket.subscribe': subscribeRow((host, self) => host.handles.get(UdpSocket, self), undefined),
  '[resource-drop]udp-socket': dropSocketRow(UdpSocket),
  // result<list<incoming-datagram>, error-code>
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
        (arrived, place) => datagrams.store(host, place, arrived),
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
    call: (host, self, pointer, count, at) => {
      const stream = outgoingOf(host, self)
      const many = count >>> 0
      const action = (): Outcome<bigint> => {
        if (many > MOST_AT_ONCE) throw new Failure('EINVAL', `${MOST_AT_ONCE} datagrams at most`)
        host.guest.memory.check(pointer, many * OUTGOING)
        return sendAll(host, stream, pointer, many)
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
  'create-udp-socket': createRow('datagram', (id, family) => new UdpSocket(id, family)),
}
