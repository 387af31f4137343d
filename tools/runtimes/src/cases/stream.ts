import { createConnection, createServer } from 'node:net'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import {
  connect,
  fd,
  listen,
  listenOrConnect,
  memory,
  openUnixConnection,
  peerCredentials,
  startUnixServer,
  tcp,
  toWeb,
  unix,
  withTls,
  withTrace,
  type SocketError,
} from '@uds/stream'
import { applies, complianceCases, type Harness } from '@uds/stream/compliance'
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

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../../../../packages/stream/test/fixtures/${name}`, import.meta.url))
const cert = pem('localhost-cert.pem')

/** Addresses, each for one listener. */
const fresh = (addressOf: (name: string) => string): (() => string) => {
  let count = 0
  return () => addressOf(`c${(count += 1)}`)
}

/** Every case of the suite, one after the other; which do not hold is in the error. */
const complies = async (harness: Harness): Promise<void> => {
  const broken: string[] = []
  for (const each of complianceCases.filter((one) => applies(one, harness.transport))) {
    try {
      await each.run(harness)
    } catch (error) {
      broken.push(`${each.id}: ${(error as Error).message}`)
    }
  }
  if (broken.length > 0) throw new Error(broken.join('; '))
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
  onread: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`)
    listener.on('connection', (connection) => connection.end('in'))
    const buffer = new Uint8Array(8)
    const { promise, resolve } = Promise.withResolvers<number>()
    const onread = { buffer, callback: (size: number) => (resolve(size), true) }
    const client = await connect(listener.address, { onread })
    same(await promise, 2)
    client.destroy()
    await listener.close()
  },
  maxConnections: async ({ path }) => {
    const listener = await listen(`unix:${path('s')}`, { maxConnections: 1 })
    listener.on('connection', (connection) => connection.resume())
    const one = await connect(listener.address)
    const two = await connect(listener.address)
    await first(two.resume(), 'close')
    one.destroy()
    await listener.close()
  },
  listenOrConnect: async ({ path }) => {
    const one = await listenOrConnect(`unix:${path('s')}`)
    const two = await listenOrConnect(`unix:${path('s')}`)
    same([one.role, two.role], ['server', 'client'])
    if (two.role === 'client') two.connection.destroy()
    if (one.role === 'server') await one.listener.close()
  },
  TLS: async ({ path }) => {
    const secure = withTls(unix, {
      server: { cert, key: pem('localhost-key.pem') },
      client: { ca: cert, servername: 'localhost' },
    })
    const listener = await secure.listen(`unix:${path('s')}`)
    listener.on('connection', (connection: Duplex) => connection.end('secret'))
    same(String(await first(await secure.connect(`unix:${path('s')}`), 'data')), 'secret')
    await listener.close()
  },
  trace: async ({ path }) => {
    const bytes: number[] = []
    const traced = withTrace(unix, ({ event, bytes: received }) => {
      if (event === 'received') bytes.push(received!.length)
    })
    const listener = await listen(`unix:${path('s')}`)
    listener.on('connection', (connection) => connection.end('in'))
    const client = await traced.connect(`unix:${path('s')}`)
    for await (const _ of client) void _
    same(bytes, [2])
    await listener.close()
  },
  'compliance, unix:': ({ path }) =>
    complies({ transport: unix, address: fresh((name) => `unix:${path(name)}`) }),
  'compliance, tcp:': () =>
    complies({ transport: tcp, address: () => 'tcp:127.0.0.1:0', deadAddress: () => 'tcp:127.0.0.1:1' }),
  'compliance, memory:': () => complies({ transport: memory, address: fresh((name) => `memory:${name}`) }),
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
