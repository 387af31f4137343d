/** `wasi:sockets/tcp` and `tcp-create-socket` of 0.2. */
import type { Address } from '../network/address.ts'
import { Failure, failureOf, wouldBlock } from '../outcome/failure.ts'
import { after, rescued, type Outcome } from '../outcome/sync-promise.ts'
import type { Option } from '../sockets/socket-calls.ts'
import { socketChannel, type Interest } from './channel.ts'
import { isEnd, result, unitResult } from './error-code.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { Network } from './network.ts'
import { Pollable } from './pollable.ts'
import { ADDRESS_SLOTS, flatAddress, writeAddress } from './socket-address.ts'
import { InputStream, OutputStream } from './streams.ts'

type State = 'unbound' | 'bound' | 'connecting' | 'connected' | 'listening' | 'closed'

/** Options that are kept and have no effect: the system's own settings of keep-alive and of hops. */
interface Kept {
  keepAliveIdleNs: bigint
  keepAliveIntervalNs: bigint
  keepAliveCount: number
  hopLimit: number
}

export class TcpSocket {
  readonly id: number
  readonly family: 'inet' | 'inet6'
  state: State = 'unbound'
  backlog = 128
  /** What the start of an operation came to, until it is finished. */
  started: { readonly what: 'bind' | 'listen'; readonly failure: unknown } | undefined
  readonly kept: Kept = {
    keepAliveIdleNs: 7_200_000_000_000n,
    keepAliveIntervalNs: 75_000_000_000n,
    keepAliveCount: 9,
    hopLimit: 64,
  }
  /** The socket and its streams: the last that is dropped closes it. */
  #users = 1

  constructor(id: number, family: 'inet' | 'inet6') {
    this.id = id
    this.family = family
  }

  /** The streams of a connection. */
  streams(host: ComponentHost): readonly [input: number, output: number] {
    const dropped = (): void => void this.release(host)
    this.#users += 2
    const channel = socketChannel(this.id)
    return [
      host.handles.add(new InputStream(channel, dropped)),
      host.handles.add(new OutputStream(channel, dropped)),
    ]
  }

  release(host: ComponentHost): Outcome<void> {
    this.#users -= 1
    return this.#users === 0 ? host.guest.sockets.close(this.id) : undefined
  }

  expect(...states: readonly State[]): void {
    if (!states.includes(this.state)) throw new Failure('EISCONN', `the socket is ${this.state}`)
  }
}

const socketOf = (host: ComponentHost, handle: number): TcpSocket => host.handles.get(TcpSocket, handle)

/** A row whose result is `result<_, error-code>`. */
const unitRow = (
  parameters: string,
  action: (host: ComponentHost, socket: TcpSocket, args: readonly number[]) => Outcome<unknown>,
): ComponentRow => ({
  parameters: `i${parameters}i`,
  waits: true,
  call: (host, self, ...rest) => {
    const socket = socketOf(host, self)
    return unitResult(host, rest.at(-1)!, () => action(host, socket, rest.slice(0, -1)))
  },
})

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

const isUnspecified = ({ host }: { readonly host: string }): boolean => host === '0.0.0.0' || host === '::'

const connect = (host: ComponentHost, socket: TcpSocket, slots: readonly number[]): Outcome<void> => {
  const address = flatAddress(slots)
  if (socket.started) throw new Failure('EALREADY', 'another operation was started, and not finished')
  socket.expect('unbound', 'bound')
  if (address.family !== socket.family || address.port === 0 || isUnspecified(address))
    throw new Failure('EINVAL', 'this address cannot be connected to')
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

const setHandles = (host: ComponentHost, at: number, handles: readonly number[]): void => {
  for (const [index, handle] of handles.entries()) host.guest.memory.setU32(at + 4 * index, handle)
}

const addressRow = (which: 'localAddress' | 'peerAddress', states: readonly State[]): ComponentRow => ({
  parameters: 'ii',
  waits: true,
  call: (host, self, at) => {
    const socket = socketOf(host, self)
    const action = (): Outcome<Address> => {
      socket.expect(...states)
      return host.guest.sockets[which](socket.id)
    }
    return result(host, at, 4, action, (address, place) => writeAddress(host.guest.memory, place, address))
  },
})

const interestOf = (state: State): Interest | undefined => {
  if (state === 'connecting') return { read: false, write: true }
  if (state === 'connected' || state === 'listening') return { read: true, write: false }
  return undefined
}

/** A pair of rows for an option of the system. */
const optionRows = (name: string, option: Option, kind: 'bool' | 'size'): ComponentRows => ({
  [`[method]tcp-socket.${name}`]: {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const { id } = socketOf(host, self)
      const { memory, sockets } = host.guest
      return result(
        host,
        at,
        kind === 'bool' ? 1 : 8,
        () => sockets.getOption(id, option),
        (value, place) =>
          kind === 'bool'
            ? memory.setU8(place, Number(value) === 0 ? 0 : 1)
            : memory.setU64(place, BigInt(value)),
      )
    },
  },
  [`[method]tcp-socket.set-${name}`]: unitRow(kind === 'bool' ? 'i' : 'I', ({ guest }, { id }, [value]) => {
    const wide = BigInt(value!)
    if (kind === 'size' && wide <= 0n) throw new Failure('EINVAL', 'a size is more than 0')
    return guest.sockets.setOption(id, option, Number(wide < 0x7fff_ffffn ? wide : 0x7fff_ffffn))
  }),
})

/** A pair of rows for a value that is kept. */
const keptRows = (name: string, key: keyof Kept, kind: 'I' | 'i', payload: number): ComponentRows => ({
  [`[method]tcp-socket.${name}`]: {
    parameters: 'ii',
    call: (host, self, at) => {
      const { memory } = host.guest
      const value = socketOf(host, self).kept[key]
      return result(
        host,
        at,
        payload,
        () => value,
        (found, place) => {
          if (payload === 8) memory.setU64(place, BigInt(found))
          else if (payload === 4) memory.setU32(place, Number(found))
          else memory.setU8(place, Number(found))
        },
      )
    },
  },
  [`[method]tcp-socket.set-${name}`]: unitRow(kind, (_host, { kept }, [value]) => {
    if (BigInt(value!) === 0n) throw new Failure('EINVAL', 'the value is more than 0')
    Object.assign(kept, { [key]: value })
  }),
})

export const tcpRows: ComponentRows = {
  '[method]tcp-socket.start-bind': unitRow(`i${ADDRESS_SLOTS}`, (host, socket, [network, ...slots]) => {
    host.handles.get(Network, network!)
    const address = flatAddress(slots)
    socket.expect('unbound')
    if (address.family !== socket.family) throw new Failure('EINVAL', 'the address is of another family')
    return begin(socket, 'bind', () => host.guest.sockets.bind(socket.id, address))
  }),
  '[method]tcp-socket.finish-bind': unitRow('', (_host, socket) => finish(socket, 'bind', 'bound')),
  '[method]tcp-socket.start-connect': unitRow(`i${ADDRESS_SLOTS}`, (host, socket, [network, ...slots]) => {
    host.handles.get(Network, network!)
    return connect(host, socket, slots)
  }),
  // result<tuple<input-stream, output-stream>, error-code>
  '[method]tcp-socket.finish-connect': {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const socket = socketOf(host, self)
      return result(
        host,
        at,
        4,
        () => finishConnect(host, socket),
        (streams, place) => setHandles(host, place, streams),
      )
    },
  },
  '[method]tcp-socket.start-listen': unitRow('', (host, socket) => {
    socket.expect('bound')
    return begin(socket, 'listen', () => host.guest.sockets.listen(socket.id, socket.backlog))
  }),
  '[method]tcp-socket.finish-listen': unitRow('', (_host, socket) => finish(socket, 'listen', 'listening')),
  // result<tuple<tcp-socket, input-stream, output-stream>, error-code>
  '[method]tcp-socket.accept': {
    parameters: 'ii',
    waits: true,
    call: (host, self, at) => {
      const socket = socketOf(host, self)
      return result(
        host,
        at,
        4,
        () => accept(host, socket),
        (made, place) => setHandles(host, place, made),
      )
    },
  },
  '[method]tcp-socket.local-address': addressRow('localAddress', [
    'bound',
    'listening',
    'connecting',
    'connected',
  ]),
  '[method]tcp-socket.remote-address': addressRow('peerAddress', ['connected']),
  '[method]tcp-socket.is-listening': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => (socketOf(host, self).state === 'listening' ? 1 : 0),
  },
  '[method]tcp-socket.address-family': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => (socketOf(host, self).family === 'inet' ? 0 : 1),
  },
  '[method]tcp-socket.set-listen-backlog-size': unitRow('I', (_host, socket, [size]) => {
    const backlog = BigInt(size!)
    if (backlog === 0n) throw new Failure('EINVAL', 'a backlog is more than 0')
    socket.expect('unbound', 'bound', 'listening')
    socket.backlog = Number(backlog < 4096n && backlog > 0n ? backlog : 4096n)
  }),
  ...optionRows('keep-alive-enabled', 'SO_KEEPALIVE', 'bool'),
  ...optionRows('receive-buffer-size', 'SO_RCVBUF', 'size'),
  ...optionRows('send-buffer-size', 'SO_SNDBUF', 'size'),
  ...keptRows('keep-alive-idle-time', 'keepAliveIdleNs', 'I', 8),
  ...keptRows('keep-alive-interval', 'keepAliveIntervalNs', 'I', 8),
  ...keptRows('keep-alive-count', 'keepAliveCount', 'i', 4),
  ...keptRows('hop-limit', 'hopLimit', 'i', 1),
  '[method]tcp-socket.subscribe': {
    parameters: 'i',
    result: 'i',
    call: (host, self) => {
      const socket = socketOf(host, self)
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
  '[method]tcp-socket.shutdown': unitRow('i', ({ guest }, socket, [how]) => {
    if (socket.state !== 'connected') throw new Failure('ENOTCONN', 'the socket is not connected')
    // receive, send, both
    return guest.sockets.shutdown(socket.id, how! + 1)
  }),
  '[resource-drop]tcp-socket': {
    parameters: 'i',
    waits: true,
    call: (host, self) => host.handles.remove(TcpSocket, self).release(host),
  },
}

export const tcpCreateRows: ComponentRows = {
  'create-tcp-socket': {
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
          return after(sockets.open(known, 'stream'), (id) =>
            after(sockets.setNonblocking(id, true), () => new TcpSocket(id, known)),
          )
        },
        (socket, place) => host.guest.memory.setU32(place, host.handles.add(socket)),
      ),
  },
}
