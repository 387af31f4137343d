// What a user of each layer writes, for the compiler alone.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SocketError, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { LocalListener, LocalStream } from '@uds/pipes'
import * as win32 from '@uds/pipes/win32'
import { connect, listen, unix, withTrace, type Transport } from '@uds/stream'
import net from '@uds/stream/net'
import { agent, dispatcher } from '@uds/stream/http'
import { UnixDatagramSocket } from '@uds/stream/datagram'
import { HandleChannel } from '@uds/stream/handles'
import { complianceCases } from '@uds/stream/compliance'
import { EventClient, EventServer, Linker } from '@uds/events'
import UnixEvents from '@uds/events/unixevents'
import { inspect, WasiHost } from '@uds/wasi-host'
import * as cli from '@uds/cli'

interface Chat {
  events: { say: { from: string; text: string } }
  requests: { who(): string[]; count(upTo: number): AsyncIterable<number> }
}

export const ground = (): SocketHandle => {
  const handle = sockets.open('unix', 'stream')
  sockets.connect(handle, UnixAddress.path('/tmp/x.sock'), { timeoutMs: 1000 })
  return handle
}
export const blocking = (): number => {
  const listener = LocalListener.bind('x')
  const stream = LocalStream.connect('x')
  listener.close()
  return stream.read(new Uint8Array(8))
}
export const streams = async (): Promise<[Socket, Duplex]> => {
  const server = await listen('unix:/tmp/x.sock', { mode: 0o600 })
  const composed: Transport = withTrace(unix, () => {})
  const socket: Socket = await connect('unix:/tmp/x.sock')
  const duplex: Duplex = await connect('pipe:x', { transport: composed })
  await server.close()
  return [socket, duplex]
}
export const messages = async (): Promise<string[]> => {
  const server = await EventServer.listen<Chat>('chat')
  server.on('say', (message, peer) => server.broadcast('say', message, { except: peer }))
  const client = await EventClient.connect<Chat>('chat')
  // @ts-expect-error: there is no such event
  client.emit('shout', {})
  for await (const n of client.stream('count', 10)) console.log(n.toFixed())
  return await client.request('who')
}
export const guests = async (): Promise<number> => await new WasiHost({ args: ['x'] }).run('x.wasm')
export const others = [
  SocketError,
  win32,
  net.createServer,
  agent,
  dispatcher,
  UnixDatagramSocket,
  HandleChannel,
  complianceCases,
  Linker,
  UnixEvents,
  inspect,
  cli,
]
