import { open } from 'node:fs/promises'
import http, { createServer } from 'node:http'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { createConnection, createServer as createNetServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import {
  connectSeqpacket,
  listenSeqpacket,
  type SeqpacketSocket,
  systemdNotify,
  UnixDatagramSocket,
} from '@uds/stream/datagram'
import {
  AncillarySocket,
  HandleChannel,
  listenHandles,
  type ReceivedHandle,
  type Sendable,
} from '@uds/stream/handles'
import { agent, dispatcher, fetch as typedFetch, serve } from '@uds/stream/http'
import net from '@uds/stream/net'
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import { first, same, type Cases, type Place } from './case.ts'

const serving = (place: Place): Promise<{ address: string; close(): Promise<void> }> =>
  serve(
    createServer((_request, response) => response.end('the socket')),
    `unix:${place.path('s')}`,
  )

/** The handle at the other end of a channel. */
const passed = async (
  { path }: Place,
  handle: Sendable,
): Promise<{ handle: ReceivedHandle; close(): void }> => {
  const listener = listenHandles(path('h'))
  const accepted = first<HandleChannel>(listener, 'connection')
  const channel = HandleChannel.connect(path('h'))
  const server = await accepted
  await channel.sendHandle(handle, 'it')
  const message = await server.receiveHandle()
  if (message.handle === undefined) throw new Error('the message came without its handle')
  return {
    handle: message.handle,
    close: () => {
      channel.close()
      server.close()
      listener.close()
    },
  }
}

export const doors: Cases = {
  '/net': async ({ path }) => {
    const server = net.createServer((socket) => socket.end('in')).listen(path('s'))
    await first(server, 'listening')
    same(String(await first(net.connect(path('s')), 'data')), 'in')
    server.close()
  },
  'agent and serve': async (place) => {
    const served = await serving(place)
    const using = agent(served.address)
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get('http://localhost/', { agent: using }, resolve).on('error', reject)
    })
    same(String(await first(response, 'data')), 'the socket')
    using.destroy()
    await served.close()
  },
  '/net/register': async ({ path }) => {
    await import('@uds/stream/net/register')
    const server = createNetServer((socket) => socket.end('in')).listen(path('s'))
    await first(server, 'listening')
    same(String(await first(createConnection(path('s')), 'data')), 'in')
    server.close()
  },
  'upgrade over an agent': async ({ path }) => {
    const server = createServer()
    server.on('upgrade', (_request, socket, head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.write(head)
      socket.pipe(socket)
    })
    const served = await serve(server, `unix:${path('s')}`)
    const using = agent(served.address)
    const headers = { Connection: 'Upgrade', Upgrade: 'echo' }
    const request = http.get('http://localhost/', { agent: using, headers })
    const [, socket] = (await once(request, 'upgrade')) as [unknown, Duplex]
    socket.write('ping')
    same(String(await first(socket, 'data')), 'ping')
    socket.destroy()
    using.destroy()
    await served.close({ graceMs: 0 })
  },
  'a typed fetch': async (place) => {
    const served = await serving(place)
    const using = dispatcher(served.address)
    same(await (await typedFetch('http://localhost/', { dispatcher: using })).text(), 'the socket')
    await using.close()
    await served.close()
  },
  'fetch with a dispatcher': async (place) => {
    const served = await serving(place)
    const using = dispatcher(served.address)
    const response = await fetch('http://localhost/', { dispatcher: using })
    same(await response.text(), 'the socket')
    await using.close()
    await served.close()
  },
  '/datagram': async ({ path }) => {
    const server = UnixDatagramSocket.bind(path('d'))
    const message = first(server, 'message')
    const client = UnixDatagramSocket.connect(path('d'))
    await client.send('hello')
    same(String(await message), 'hello')
    client.close()
    server.close()
  },
  seqpacket: async ({ path }) => {
    const listener = listenSeqpacket(path('q'))
    const accepted = first<SeqpacketSocket>(listener, 'connection')
    const client = connectSeqpacket(path('q'))
    const message = first(await accepted, 'message')
    await client.send('hello')
    same(String(await message), 'hello')
    client.close()
    ;(await accepted).close()
    listener.close()
  },
  systemdNotify: async ({ path }) => {
    const server = UnixDatagramSocket.bind(path('n'))
    const message = first(server, 'message')
    process.env['NOTIFY_SOCKET'] = path('n')
    await systemdNotify({ READY: 1 })
    same(String(await message).trim(), 'READY=1')
    server.close()
  },
  'handles: a file': async (place) => {
    writeFileSync(place.path('f'), 'content')
    const file = await open(place.path('f'))
    const { handle, close } = await passed(place, file)
    await file.close()
    same(handle.kind, 'file')
    same(await handle.toFile().readFile('utf8'), 'content')
    handle.close()
    close()
  },
  'handles: a net.Socket': async (place) => {
    const server = createNetServer({ pauseOnConnect: true }).listen(place.path('n'))
    await first(server, 'listening')
    const accepted = first<Socket>(server, 'connection')
    const client = createConnection(place.path('n'))
    const { handle, close } = await passed(place, await accepted)
    handle.toSocket().end('through')
    same(String(await first(client, 'data')), 'through')
    close()
    server.close()
  },
  'descriptors to a program of another protocol': async ({ owned }) => {
    const [near, far] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const socket = AncillarySocket.from(near)
    const file = openSync(process.execPath, 'r')
    sockets.sendMessage(far, { data: Buffer.from('x'), descriptors: [file] })
    closeSync(file)
    for await (const { data, descriptors } of socket) {
      same([String(data), descriptors.length], ['x', 1])
      for (const each of descriptors) each.close()
      break
    }
    socket.close()
  },
  'handles: a socket': async (place) => {
    const [near, far] = sockets.pair().map(place.owned) as [SocketHandle, SocketHandle]
    const { handle, close } = await passed(place, near)
    same(handle.kind, 'socket')
    const socket = handle.toSocket()
    sockets.send(far, Buffer.from('ping'))
    same(String(await first(socket, 'data')), 'ping')
    socket.destroy()
    close()
  },
}
