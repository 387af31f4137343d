/** `wasi:sockets/tcp` and `tcp-create-socket` of 0.2. */
import { Failure, failureOf, wouldBlock } from '../outcome/failure.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import { socketChannel, type Interest } from './channel.ts'
import { isEnd } from './error-code.ts'
import type { ComponentHost, ComponentRows } from './host.ts'
import { Network } from './network.ts'
import { Pollable } from './pollable.ts'
import { ADDRESS_SLOTS, flatAddress } from './socket-address.ts'
import {
  addressRow,
  createRow,
  dropSocketRow,
  familyRow,
  keptRows,
  resultRow,
  setHandles,
  sizeRows,
  unitRow,
} from './socket-rows.ts'
import {
  expectLocal,
  expectRemote,
  expectUnicast,
  keptOptions,
  SharedSocket,
  type KeptOptions,
} from './socket.ts'
import { InputStream, OutputStream } from './streams.ts'

type State = 'unbound' | 'bound' | 'connecting' | 'connected' | 'listening' | 'closed'

export class TcpSocket extends SharedSocket {
  state: State = 'unbound'
  backlog = 128
  /** What the start of an operation came to, until it is finished. */
  started: { readonly what: 'bind' | 'listen'; readonly failure: unknown } | undefined
  readonly kept: KeptOptions = keptOptions()

  /** The streams of a connection. */
  streams(host: ComponentHost): readonly [input: number, output: number] {
    const dropped = (): void => void this.release(host)
    const channel = socketChannel(this.use().use().id)
    return [
      host.handles.add(new InputStream(channel, dropped)),
      host.handles.add(new OutputStream(channel, dropped)),
    ]
  }

  expect(...states: readonly State[]): void {
    if (!states.includes(this.state)) throw new Failure('EISCONN', `the socket is ${this.state}`)
  }
}

/** Begins an operation, and keeps what it came to for the call that finishes it. */
const begin = (socket: TcpSocket, what: 'bind' | 'listen', action: () => Outcome<void>): Outcome<void> => {
  if (socket.started) throw new Failure('EALREADY', 'another operation was started, and not finished')
  return rescued(
    () => after(action(), () => void (socket.started = { what, failure: undefined })),
    (error) => {
      if (isEnd(error)) throw error
      // What is known to be wrong is reported at once; what the system says, when it is finished.
      socket.started = { what, failure: error }
    },
  )
}

const finish = (socket: TcpSocket, what: 'bind' | 'listen', next: State): void => {
  const { started } = socket
  if (started?.what !== what) throw new Failure('ENOTINPROGRESS', `no ${what} was started`)
  socket.started = undefined
  if (started.failure !== undefined) throw started.failure
  socket.state = next
}

const connect = (host: ComponentHost, socket: TcpSocket, slots: readonly number[]): Outcome<void> => {
  const address = flatAddress(slots)
  if (socket.started) throw new Failure('EALREADY', 'another operation was started, and not finished')
  socket.expect('unbound', 'bound')
  expectRemote(socket, address)
  expectUnicast(address)
  const begun = rescued(
    () => host.guest.sockets.connect(socket.id, address),
    (error) => {
      if (isEnd(error)) throw error
      if (failureOf(error).code === 'EINPROGRESS') return
      socket.state = 'closed'
      throw error
    },
  )
  return after(begun, () => {
    socket.state = 'connecting'
  })
}

const finishConnect = (host: ComponentHost, socket: TcpSocket): Outcome<readonly [number, number]> => {
  if (socket.state !== 'connecting') throw new Failure('ENOTINPROGRESS', 'no connect was started')
  const { sockets } = host.guest
  return after(sockets.facts(socket.id), ({ state }) => {
    if (state === 'connecting') throw wouldBlock
    if (state === 'connected') {
      socket.state = 'connected'
      // Each read and write says by itself whether it waits.
      return after(sockets.setNonblocking(socket.id, false), () => socket.streams(host))
    }
    socket.state = 'closed'
    return after(sockets.getOption(socket.id, 'SO_ERROR'), (code) => {
      throw new Failure(typeof code === 'string' ? code : 'ECONNREFUSED')
    })
  })
}

const accept = (host: ComponentHost, socket: TcpSocket): Outcome<readonly [number, number, number]> => {
  socket.expect('listening')
  return after(host.guest.sockets.accept(socket.id, false), ({ id }) => {
    const accepted = new TcpSocket(id, socket.family)
    accepted.state = 'connected'
    const [input, output] = accepted.streams(host)
    return [host.handles.add(accepted), input, output]
  })
}

const interestOf = (state: State): Interest | undefined => {
  if (state === 'connecting') return { read: false, write: true }
  if (state === 'connected' || state === 'listening') return { read: true, write: false }
  return undefined
}

export const tcpRows: ComponentRows = {
  '[method]tcp-socket.start-bind': unitRow(
    TcpSocket,
    `i${ADDRESS_SLOTS}`,
    (host, socket, [network, ...slots]) => {
      host.handles.get(Network, network!)
      const address = flatAddress(slots)
      socket.expect('unbound')
      expectLocal(socket, address)
      expectUnicast(address)
      return begin(socket, 'bind', () => host.guest.sockets.bind(socket.id, address))
    },
  ),
  '[method]tcp-socket.finish-bind': unitRow(TcpSocket, '', (_host, socket) =>
    finish(socket, 'bind', 'bound'),
  ),
  '[method]tcp-socket.start-connect': unitRow(
    TcpSocket,
    `i${ADDRESS_SLOTS}`,
    (host, socket, [network, ...slots]) => {
      host.handles.get(Network, network!)
      return connect(host, socket, slots)
    },
  ),
  // result<tuple<input-stream, output-stream>, error-code>
  '[method]tcp-socket.finish-connect': resultRow(TcpSocket, 4, finishConnect, setHandles),
  '[method]tcp-socket.start-listen': unitRow(TcpSocket, '', (host, socket) => {
    socket.expect('bound')
    return begin(socket, 'listen', () => host.guest.sockets.listen(socket.id, socket.backlog))
  }),
  '[method]tcp-socket.finish-listen': unitRow(TcpSocket, '', (_host, socket) =>
    finish(socket, 'listen', 'listening'),
  ),
  // result<tuple<tcp-socket, input-stream, output-stream>, error-code>
  '[method]tcp-socket.accept': resultRow(TcpSocket, 4, accept, setHandles),
  '[method]tcp-socket.local-address': addressRow(TcpSocket, ({ guest }, socket) => {
    socket.expect('bound', 'listening', 'connecting', 'connected')
    return guest.sockets.localAddress(socket.id)
  }),
  '[method]tcp-socket.remote-address': addressRow(TcpSocket, ({ guest }, socket) => {
    socket.expect('connected')
    return guest.sockets.peerAddress(socket.id)
  }),
  '[method]tcp-socket.is-listening': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => (host.handles.get(TcpSocket, self).state === 'listening' ? 1 : 0),
  },
  '[method]tcp-socket.address-family': familyRow(TcpSocket),
  '[method]tcp-socket.set-listen-backlog-size': unitRow(TcpSocket, 'I', (_host, socket, [size]) => {
    const backlog = BigInt(size!)
    if (backlog === 0n) throw new Failure('EINVAL', 'a backlog is more than 0')
    socket.expect('unbound', 'bound', 'listening')
    socket.backlog = Number(backlog < 4096n && backlog > 0n ? backlog : 4096n)
  }),
  '[method]tcp-socket.keep-alive-enabled': resultRow(
    TcpSocket,
    1,
    ({ guest }, { id }) => guest.sockets.getOption(id, 'SO_KEEPALIVE'),
    ({ guest }, value, place) => guest.memory.setU8(place, Number(value) === 0 ? 0 : 1),
  ),
  '[method]tcp-socket.set-keep-alive-enabled': unitRow(TcpSocket, 'i', ({ guest }, { id }, [on]) =>
    guest.sockets.setOption(id, 'SO_KEEPALIVE', on === 0 ? 0 : 1),
  ),
  ...sizeRows(TcpSocket, 'tcp-socket', 'receive-buffer-size', 'SO_RCVBUF'),
  ...sizeRows(TcpSocket, 'tcp-socket', 'send-buffer-size', 'SO_SNDBUF'),
  ...keptRows(TcpSocket, 'tcp-socket', 'keep-alive-idle-time', 'keepAliveIdleNs', 'I'),
  ...keptRows(TcpSocket, 'tcp-socket', 'keep-alive-interval', 'keepAliveIntervalNs', 'I'),
  ...keptRows(TcpSocket, 'tcp-socket', 'keep-alive-count', 'keepAliveCount', 'i'),
  ...keptRows(TcpSocket, 'tcp-socket', 'hop-limit', 'hopLimit', 'b'),
  '[method]tcp-socket.subscribe': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => {
      const socket = host.handles.get(TcpSocket, self)
      // It is taken before the socket is connected, so that it asks for the state each time.
      return host.handles.add(
        new Pollable(() => {
          const interest = interestOf(socket.state)
          return interest
            ? { kind: 'channel', channel: socketChannel(socket.id), interest }
            : { kind: 'ready' }
        }),
      )
    },
  },
  '[method]tcp-socket.shutdown': unitRow(TcpSocket, 'i', ({ guest }, socket, [how]) => {
    if (socket.state !== 'connected') throw new Failure('ENOTCONN', 'the socket is not connected')
    // receive, send, both
    return guest.sockets.shutdown(socket.id, how! + 1)
  }),
  '[resource-drop]tcp-socket': dropSocketRow(TcpSocket),
}

export const tcpCreateRows: ComponentRows = {
  'create-tcp-socket': createRow('stream', (id, family) => new TcpSocket(id, family)),
}
