/** The ways to connect that are compared; each has a server half in peer.ts. */
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { capabilities } from '@uds/winsock-ffi'
import { connect, pipe, type ConnectOptions } from '@uds/stream'
import { connectAncillary } from '@uds/stream/handles'
import { connectAdopted } from './adopted.ts'

/** What a bench does with a connection. */
export interface Carrier {
  write(data: string | Uint8Array): unknown
  destroy(): unknown
}

export interface Contender {
  readonly name: string
  /** Which server of peer.ts it talks to. */
  readonly server: 'net' | 'uds' | 'adopted' | 'ancillary'
  /** Where that is to listen. */
  readonly address: string
  /** Connects to where it does listen; passes the bytes that arrive to `received`. */
  connect(address: string, received: (bytes: number) => void): Promise<Carrier>
}

const unique = `${process.pid}-${Math.trunc(performance.timeOrigin)}`
let count = 0
const file = (): string => join(tmpdir(), `b${unique}-${(count += 1)}`)

const listening = (connection: Duplex, received: (bytes: number) => void): Duplex =>
  connection.on('data', (data: Buffer) => received(data.length))

/** node:net on a path: AF_UNIX on POSIX, a named pipe on Windows. */
const raw = (): Contender => {
  const path = pipe.capabilities.listen ? `\\\\.\\pipe\\b${unique}-${(count += 1)}` : file()
  return {
    name: pipe.capabilities.listen ? "Node's named pipe" : 'node:net',
    server: 'net',
    address: path,
    connect: async (_address, received) => {
      const socket = createConnection(path)
      await once(socket, 'connect')
      return listening(socket, received)
    },
  }
}

const own = (name: string, at: string): Contender => ({
  name,
  server: 'uds',
  address: at,
  connect: async (address, received) => listening(await connect(address), received),
})

type Dial = (address: string, options: ConnectOptions) => Promise<Duplex>

/** The way of AF_UNIX on Windows, over the other family. */
const adopted = (): Contender => ({
  name: '@uds/stream, adopted tcp:',
  server: 'adopted',
  address: 'tcp:127.0.0.1:0',
  connect: async (address, received) => listening(await connectAdopted(address), received),
})

/** Reads into one buffer. */
const reused = (contender: Contender, dial: Dial): Contender => {
  const buffer = Buffer.allocUnsafeSlow(65_536)
  return {
    ...contender,
    name: `${contender.name} onread`,
    connect: (address, received) =>
      dial(address, {
        onread: {
          buffer,
          callback: (bytes) => {
            received(bytes)
            return true
          },
        },
      }),
  }
}

/** Bytes of the socket that carries descriptors: its calls are made through FFI. */
const ancillary = (): Contender => ({
  name: 'AncillarySocket',
  server: 'ancillary',
  address: file(),
  connect: async (address, received) => {
    const socket = connectAncillary(address)
    void (async () => {
      for await (const { data } of socket) received(data.length)
    })()
    return { write: (data) => socket.send(data), destroy: () => socket.close() }
  },
})

/** The first is what the others are measured against. */
export const contenders = (): Contender[] => {
  const { afUnix, descriptors, system } = capabilities()
  const unix = (): Contender => own('@uds/stream, unix:', `unix:${file()}`)
  return [
    raw(),
    ...(afUnix ? [unix(), reused(unix(), connect)] : []),
    ...(descriptors ? [ancillary()] : []),
    ...(system === 'win32' ? [adopted(), reused(adopted(), connectAdopted)] : []),
    ...(pipe.capabilities.listen ? [own('@uds/stream, pipe:', `pipe:b${unique}-${(count += 1)}`)] : []),
  ]
}
