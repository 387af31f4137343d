/** `wasi:sockets/types.tcp-socket` of 0.3. */
import { Failure, failureOf } from '../../outcome/failure.ts'
import { after, rescued, type Outcome } from '../../outcome/sync-promise.ts'
import type { IpAddress } from '../../network/address.ts'
import { futureOf, streamOf } from '../async/carried.ts'
import { Future } from '../async/future.ts'
import type { AsyncHost } from '../async/host.ts'
import { Stream } from '../async/stream.ts'
import { asyncFunc, func, type WitFunctions } from '../async/wit-function.ts'
import { tuple } from '../canonical/compound.ts'
import { borrow, own } from '../canonical/handle.ts'
import { result, type Result } from '../canonical/named.ts'
import { bool, u32, u64, u8 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'
import { isEnd } from '../error-code.ts'
import { attempt } from '../row.ts'
import {
  expectLocal,
  expectRemote,
  expectUnicast,
  keptOptions,
  SharedSocket,
  type KeptOptions,
} from '../socket.ts'
import { AcceptedSockets } from './accepted-sockets.ts'
import { socketAddress } from '../socket-address.ts'
import { EndpointSink, EndpointSource, noBytes, takesNothing } from './byte-streams.ts'
import { SocketEndpoint } from './endpoint.ts'
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

type State = 'unbound' | 'bound' | 'listening' | 'connecting' | 'connected' | 'closed'

export class TcpSocket extends SharedSocket {
  state: State = 'unbound'
  backlog = 128
  readonly kept: KeptOptions = keptOptions()
  sends = false
  receives = false

  expect(...states: readonly State[]): void {
    if (!states.includes(this.state)) invalidState(`the socket is ${this.state}`)
  }
}

const self: ValueType<TcpSocket> = borrow(TcpSocket)
/** One type: streams are distinguished by what they carry. */
const connection: ValueType<TcpSocket> = own(TcpSocket)

type Ending = Result<undefined, Failure>
const ending: ValueType<Ending> = result<undefined, Failure>(undefined, socketError)
const ended = (failure: Failure | undefined): Ending => (failure ? { error: failure } : { ok: undefined })

const bind = (host: AsyncHost, socket: TcpSocket, address: IpAddress): Outcome<void> => {
  expectLocal(socket, address)
  expectUnicast(address)
  socket.expect('unbound')
  return after(host.guest.sockets.bind(socket.id, address), () => {
    socket.state = 'bound'
  })
}

const connect = (host: AsyncHost, socket: TcpSocket, address: IpAddress): Outcome<undefined> => {
  expectRemote(socket, address)
  expectUnicast(address)
  socket.expect('unbound', 'bound')
  socket.state = 'connecting'
  const failed = (error: unknown): never => {
    socket.state = 'closed'
    throw error
  }
  return after(
    rescued(() => host.guest.sockets.connect(socket.id, address), failed),
    () => {
      socket.state = 'connected'
      return undefined
    },
  )
}

const listen = (host: AsyncHost, socket: TcpSocket): Outcome<Stream<TcpSocket>> => {
  socket.expect('unbound', 'bound')
  return after(host.guest.sockets.listen(socket.id, socket.backlog), () => {
    socket.state = 'listening'
    const made = (id: number): TcpSocket => {
      const accepted = new TcpSocket(id, socket.family)
      accepted.state = 'connected'
      Object.assign(accepted.kept, socket.kept)
      return accepted
    }
    return new Stream(connection, new AcceptedSockets(host, socket.use(), made))
  })
}

/** What the end of one direction still does; it may be that the connection is broken. */
const tried = (action: () => unknown): Failure | undefined => {
  try {
    action()
    return undefined
  } catch (error) {
    if (isEnd(error)) throw error
    return failureOf(error)
  }
}

const send = (host: AsyncHost, socket: TcpSocket, data: Stream<number>): Future<Ending> => {
  const future = new Future(ending)
  if (socket.state !== 'connected' || socket.sends) {
    data.attach(takesNothing)
    future.resolve(ended(new Failure('ENOTCONN', 'the socket is not connected, or sends already')))
    return future
  }
  socket.sends = true
  socket.use()
  const { sockets } = host.guest
  data.attach(
    new EndpointSink(new SocketEndpoint(host, socket.id, 'write'), (failure) => {
      future.resolve(ended(failure ?? tried(() => sockets.shutdown(socket.id, 2))))
      void socket.release(host)
    }),
  )
  return future
}

const receive = (host: AsyncHost, socket: TcpSocket): readonly [Stream<number>, Future<Ending>] => {
  const future = new Future(ending)
  if (socket.state !== 'connected' || socket.receives) {
    future.resolve(ended(new Failure('ENOTCONN', 'the socket is not connected, or receives already')))
    return [new Stream(u8, noBytes), future]
  }
  socket.receives = true
  socket.use()
  const { sockets } = host.guest
  const source = new EndpointSource(
    new SocketEndpoint(host, socket.id, 'read'),
    (failure) => {
      future.resolve(ended(failure))
      void socket.release(host)
    },
    () => void tried(() => sockets.shutdown(socket.id, 1)),
  )
  return [new Stream(u8, source), future]
}

export const tcpFunctions: WitFunctions = {
  '[static]tcp-socket.create': socketFunc([ipFamily], own(TcpSocket), (host, family) =>
    openSocket(host, family, 'stream', (id, known) => new TcpSocket(id, known)),
  ),
  // Node binds by a turn of its loop, and the system at once.
  '[method]tcp-socket.bind': socketFunc([self, socketAddress], undefined, bind, { waits: true }),
  '[method]tcp-socket.connect': asyncFunc([self, socketAddress], ending, (host, _call, socket, address) =>
    attempt(() => connect(host, socket, address), asItIs),
  ),
  '[method]tcp-socket.listen': socketFunc([self], streamOf(connection), listen, { waits: true }),
  '[method]tcp-socket.send': func([self, streamOf(u8)], futureOf(ending), send),
  '[method]tcp-socket.receive': func([self], tuple(streamOf(u8), futureOf(ending)), receive),
  '[method]tcp-socket.get-local-address': addressFunc(TcpSocket, ({ guest }, socket) => {
    socket.expect('bound', 'listening', 'connecting', 'connected')
    return guest.sockets.localAddress(socket.id)
  }),
  '[method]tcp-socket.get-remote-address': addressFunc(TcpSocket, ({ guest }, socket) => {
    socket.expect('connected')
    return guest.sockets.peerAddress(socket.id)
  }),
  '[method]tcp-socket.get-is-listening': func([self], bool, (_host, { state }) => state === 'listening'),
  '[method]tcp-socket.get-address-family': familyFunc(TcpSocket),
  '[method]tcp-socket.set-listen-backlog-size': socketFunc([self, u64], undefined, (_host, socket, size) => {
    if (size === 0n) throw new Failure('EINVAL', 'a backlog is more than 0')
    socket.expect('unbound', 'bound', 'listening')
    socket.backlog = Number(size < 4096n ? size : 4096n)
  }),
  '[method]tcp-socket.get-keep-alive-enabled': socketFunc([self], bool, ({ guest }, { id }) =>
    after(guest.sockets.getOption(id, 'SO_KEEPALIVE'), (value) => Number(value) !== 0),
  ),
  '[method]tcp-socket.set-keep-alive-enabled': socketFunc([self, bool], undefined, ({ guest }, { id }, on) =>
    guest.sockets.setOption(id, 'SO_KEEPALIVE', on ? 1 : 0),
  ),
  ...keptFuncs(TcpSocket, 'tcp-socket', 'keep-alive-idle-time', 'keepAliveIdleNs', u64),
  ...keptFuncs(TcpSocket, 'tcp-socket', 'keep-alive-interval', 'keepAliveIntervalNs', u64),
  ...keptFuncs(TcpSocket, 'tcp-socket', 'keep-alive-count', 'keepAliveCount', u32),
  ...keptFuncs(TcpSocket, 'tcp-socket', 'hop-limit', 'hopLimit', u8),
  ...sizeFuncs(TcpSocket, 'tcp-socket', 'receive-buffer-size', 'SO_RCVBUF'),
  ...sizeFuncs(TcpSocket, 'tcp-socket', 'send-buffer-size', 'SO_SNDBUF'),
  '[resource-drop]tcp-socket': dropFunc(TcpSocket),
}
