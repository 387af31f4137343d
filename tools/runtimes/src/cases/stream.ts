import { createConnection, createServer } from 'node:net'
import { mkdirSync, statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import {
  connect,
  fd,
  listen,
  openUnixConnection,
  peerCredentials,
  startUnixServer,
  toWeb,
  type SocketError,
} from '@uds/stream'
import { sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { first, same, type Cases } from './case.ts'

/** A mebibyte there and back. */
const echoAt = async (address: string): Promise<void> => {
  const listener = await listen(address, { allowHalfOpen: true })
  listener.on('connection', (connection) => connection.pipe(connection))
  const client: Duplex = await connect(listener.address)
  client.end(Buffer.alloc(2 ** 20))
  let bytes = 0
  for await (const chunk of client) bytes += (chunk as Buffer).length
  same(bytes, 2 ** 20)
  await listener.close()
}

const codeOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'no error',
    (error: SocketError) => error.code,
  )

export const stream: Cases = {
  'unix:PATH': ({ path }) => echoAt(`unix:${path('s')}`),
  'a path of more than 107 bytes': async ({ path }) => {
    mkdirSync(path('x'.repeat(120)))
    await echoAt(`unix:${path('x'.repeat(120))}/s`)
  },
  'unix:@name': () => echoAt(`unix:@uds-runtimes-${process.pid}`),
  'name:': () => echoAt(`name:uds-runtimes-${process.pid}`),
  'tcp:': () => echoAt('tcp:127.0.0.1:0'),
  'memory:': () => echoAt('memory:one'),
  mode: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`, { mode: 0o600 })
    same(statSync(path('s')).mode & 0o777, 0o600)
    await listener.close()
  },
  'authorize, same user': async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`, { authorize: 'sameUser' })
    listener.on('connection', (connection) => connection.end('in'))
    same(String(await first(await connect(listener.address), 'data')), 'in')
    await listener.close()
  },
  peerCredentials: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    const client = await connect(listener.address)
    same(peerCredentials(client).pid, process.pid)
    client.destroy()
    await listener.close()
  },
  EADDRINUSE: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    same(await codeOf(listen(`unix:${path('s')}`)), 'EADDRINUSE')
    await listener.close()
  },
  'a busy server is kept': async ({ path, owned }) => {
    const server = owned(sockets.open('unix'))
    sockets.bind(server, UnixAddress.path(path('s')))
    sockets.listen(server, 0)
    for (let count = 0; count < 3; count += 1) {
      const client = owned(sockets.open('unix'))
      sockets.setNonblocking(client, true)
      try {
        sockets.connect(client, UnixAddress.path(path('s')))
      } catch {
        // The backlog is full, which is what this is about.
      }
    }
    same(await codeOf(listen(`unix:${path('s')}`)), 'EADDRINUSE')
    same(statSync(path('s')).isSocket(), true)
  },
  'a datagram socket is kept': async ({ path, owned }) => {
    sockets.bind(owned(sockets.open('unix', 'datagram')), UnixAddress.path(path('s')))
    same(await codeOf(listen(`unix:${path('s')}`)), 'EADDRINUSE')
    same(statSync(path('s')).isSocket(), true)
  },
  'a stale file is replaced': async ({ path }) => {
    const dead = sockets.open('unix')
    sockets.bind(dead, UnixAddress.path(path('s')))
    dead.close()
    await echoAt(`unix:${path('s')}`)
  },
  takeOver: async ({ path }) => {
    const old = await listen(`unix:${path('s')}`)
    const next = await listen(`unix:${path('s')}`, { takeOver: true })
    await old.close()
    const client = await connect(next.address)
    client.destroy()
    await next.close()
  },
  'errors of connect': async ({ path }) => same(await codeOf(connect(`unix:${path('s')}`)), 'ENOENT'),
  retryUntilMs: async ({ path }) => {
    const client = connect(`unix:${path('s')}`, { retryUntilMs: 3000 })
    const listener = await listen(`unix:${path('s')}`)
    ;(await client).destroy()
    await listener.close()
  },
  'abort of connect': async ({ path }) => {
    same(
      await codeOf(
        connect(`unix:${path('s')}`, {
          signal: AbortSignal.abort(Object.assign(new Error(), { code: 'X' })),
        }),
      ),
      'X',
    )
  },
  "connect('fd:N')": async ({ owned }) => {
    const [near, far] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const socket = await connect(`fd:${near.release()}`)
    sockets.send(far, Buffer.from('ping'))
    same(String(await first(socket, 'data')), 'ping')
    await new Promise((resolve) => socket.write('pong', resolve))
    same(sockets.recv(far, Buffer.alloc(8), { timeoutMs: 2000 }), 4)
    socket.destroy()
  },
  "listen('fd:N')": async ({ path }) => {
    const handle = sockets.open('unix')
    sockets.bind(handle, UnixAddress.path(path('s')))
    sockets.listen(handle)
    const listener = await fd.listen(`fd:${handle.release()}`)
    same(listener.address, `unix:${path('s')}`)
    listener.on('connection', (connection: Duplex) => connection.end('in'))
    same(String(await first(await connect(listener.address), 'data')), 'in')
    await listener.close()
  },
  'iteration of a listener': async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    const client = await connect(listener.address)
    for await (const connection of listener) {
      connection.end('in')
      break
    }
    same(String(await first(client, 'data')), 'in')
    await listener.close()
  },
  toWeb: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    listener.on('connection', (connection) => connection.end('in'))
    const { readable } = toWeb(await connect(listener.address))
    same(Buffer.from((await readable.getReader().read()).value ?? []).toString(), 'in')
    await listener.close({ graceMs: 0 })
  },
  asyncio: async ({ path }) => {
    const server = await startUnixServer(async (reader, writer) => {
      writer.write(await reader.readLine())
      await writer.drain()
      writer.close()
    }, path('s'))
    const [reader, writer] = await openUnixConnection(path('s'))
    writer.write(Buffer.from('ping\n'))
    same(String(await reader.readLine()), 'ping\n')
    writer.close()
    await server.close()
  },
  '100 clients that leave': async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    for (let count = 0; count < 100; count += 1) (await connect(listener.address)).destroy()
    await listener.close()
  },
  'own node:net as client and server': async ({ path }) => {
    const listener = await listen(`unix:${path('a')}`)
    listener.on('connection', (connection) => connection.end('in'))
    same(String(await first(createConnection(path('a')), 'data')), 'in')
    await listener.close()
    const server = createServer((connection) => connection.end('out')).listen(path('b'))
    await first(server, 'listening')
    same(String(await first(await connect(`unix:${path('b')}`), 'data')), 'out')
    server.close()
  },
}
