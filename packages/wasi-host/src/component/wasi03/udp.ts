/** `wasi:sockets/types.udp-socket` of 0.3. */
import { show, unspecified, type Address, type IpAddress } from '../../network/address.ts'
import { Failure, wouldBlock } from '../../outcome/failure.ts'
import { after, SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import { DONTWAIT, type Received } from '../../sockets/socket-calls.ts'
import type { AsyncHost } from '../async/host.ts'
import type { AsyncCall } from '../async/subtask.ts'
import { asyncFunc, type WitFunctions } from '../async/wit-function.ts'
import { tuple } from '../canonical/compound.ts'
import { borrow, own } from '../canonical/handle.ts'
import { bytes } from '../canonical/lists.ts'
import { option, result } from '../canonical/named.ts'
import { u8 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'
import { iovecOf } from '../channel.ts'
import { attempt } from '../row.ts'
import {
  expectLocal,
  expectRemote,
  isUnspecified,
  keptOptions,
  SharedSocket,
  type KeptOptions,
} from '../socket.ts'
import { socketAddress } from '../socket-address.ts'
import { asItIs, socketError } from './error-code.ts'
import {
  addressFunc,
  dropFunc,
  familyFunc,
  invalidState,
  ipFamily,
  keptFuncs,
  openSocket,
  sizeFuncs,
  socketFunc,
} from './socket-functions.ts'

export class UdpSocket extends SharedSocket {
  /** It has an address, or will have one with its first datagram. */
  bound = false
  peer: IpAddress | undefined
  readonly kept: KeptOptions = keptOptions()
}

const self: ValueType<UdpSocket> = borrow(UdpSocket)

const bind = (host: AsyncHost, socket: UdpSocket, address: IpAddress): Outcome<void> => {
  expectLocal(socket, address)
  if (socket.bound) invalidState('the socket is bound')
  const bound = (): void => {
    socket.bound = true
  }
  // The system chooses both with the first datagram, which needs no permission to be reached.
  if (isUnspecified(address) && address.port === 0) return bound()
  return after(host.guest.sockets.bind(socket.id, address), bound)
}

const connect = (host: AsyncHost, socket: UdpSocket, address: IpAddress): Outcome<void> => {
  expectRemote(socket, address)
  return after(host.guest.sockets.connect(socket.id, address), () => {
    socket.bound = true
    socket.peer = address
  })
}

const disconnect = (host: AsyncHost, socket: UdpSocket): Outcome<void> => {
  if (!socket.peer) invalidState('the socket has no peer')
  socket.peer = undefined
  return host.guest.sockets.disconnect(socket.id)
}

const send = (
  host: AsyncHost,
  socket: UdpSocket,
  data: Uint8Array,
  to: IpAddress | undefined,
): Outcome<undefined> => {
  const { peer } = socket
  if (to) expectRemote(socket, to)
  if (!to && !peer) throw new Failure('EDESTADDRREQ', 'the datagram has no address, and the socket no peer')
  if (to && peer && show(to) !== show(peer)) throw new Failure('EINVAL', 'the socket has another peer')
  return after(host.guest.sockets.send(socket.id, iovecOf(data), 0, peer ? undefined : to), () => {
    socket.bound = true
    return undefined
  })
}

type Datagram = readonly [data: Uint8Array, from: IpAddress]

const receive = (host: AsyncHost, call: AsyncCall, socket: UdpSocket): Outcome<Datagram> => {
  if (!socket.bound) invalidState('the socket is not bound')
  const { sockets } = host
  const arrived = ({ bytes: length, from }: Received): Datagram => {
    const sender = from && from.family !== 'unix' ? from : (unspecified(socket.family) as IpAddress)
    // The bytes go to the component in this very turn.
    return [host.scratch.subarray(0, length), sender]
  }
  const attempted = (): Datagram | undefined => {
    if (!sockets.isReady(socket.id, true)) return undefined
    try {
      return arrived(sockets.receiveFrom(socket.id, iovecOf(host.scratch), DONTWAIT) as Received)
    } catch (error) {
      // It was one of a stranger.
      if (error === wouldBlock) return undefined
      throw error
    }
  }
  const now = attempted()
  if (now) return now
  const later = new SyncPromise<Datagram>()
  const look = (): void => {
    try {
      const found = attempted()
      if (!found) return
      end()
      later.resolve(found)
    } catch (error) {
      end()
      later.reject(error)
    }
  }
  const end = sockets.subscribe(socket.id, look)
  // A datagram stays for the next call.
  call.onCancel(end)
  return later
}

/** One that was bound to anything has a port when it is asked for. */
const localAddress = (
  { guest: { sockets } }: AsyncHost,
  { id, bound, family }: UdpSocket,
): Outcome<Address> => {
  if (!bound) invalidState('the socket is not bound')
  return after(sockets.localAddress(id), (address) =>
    address.family !== 'unix' && address.port !== 0
      ? address
      : after(sockets.bind(id, unspecified(family)), () => sockets.localAddress(id)),
  )
}

export const udpFunctions: WitFunctions = {
  '[static]udp-socket.create': socketFunc([ipFamily], own(UdpSocket), (host, family) =>
    openSocket(host, family, 'datagram', (id, known) => new UdpSocket(id, known)),
  ),
  '[method]udp-socket.bind': socketFunc([self, socketAddress], undefined, bind),
  '[method]udp-socket.connect': socketFunc([self, socketAddress], undefined, connect),
  '[method]udp-socket.disconnect': socketFunc([self], undefined, disconnect),
  '[method]udp-socket.send': asyncFunc(
    [self, bytes, option(socketAddress)],
    result<undefined, Failure>(undefined, socketError),
    (host, _call, socket, data, to) => attempt(() => send(host, socket, data, to), asItIs),
  ),
  '[method]udp-socket.receive': asyncFunc(
    [self],
    result(tuple(bytes, socketAddress), socketError),
    (host, call, socket) => attempt(() => receive(host, call, socket), asItIs),
  ),
  '[method]udp-socket.get-local-address': addressFunc(UdpSocket, localAddress),
  '[method]udp-socket.get-remote-address': addressFunc(
    UdpSocket,
    (_host, { peer }) => peer ?? invalidState('the socket has no peer'),
  ),
  '[method]udp-socket.get-address-family': familyFunc(UdpSocket),
  ...keptFuncs(UdpSocket, 'udp-socket', 'unicast-hop-limit', 'hopLimit', u8),
  ...sizeFuncs(UdpSocket, 'udp-socket', 'receive-buffer-size', 'SO_RCVBUF'),
  ...sizeFuncs(UdpSocket, 'udp-socket', 'send-buffer-size', 'SO_SNDBUF'),
  '[resource-drop]udp-socket': dropFunc(UdpSocket),
}
