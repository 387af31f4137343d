/** What two runtimes say to each other, one of them the server and one the client. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EventClient, EventServer, LineClient, LineServer, Linker } from '@uds/events'
import { LocalListener, LocalStream } from '@uds/pipes'
import { connect, listen } from '@uds/stream'
import { InetAddress, sockets, UnixAddress } from '@uds/winsock-ffi'
import { first, PATIENCE_MS, same, until } from '../cases/case.ts'
import { uds } from '../cases/own-program.ts'

interface Map {
  toServer: { bye: null }
  requests: { add(numbers: [number, number]): number }
}

interface Conversation {
  /** Ends when the client has been served. */
  server(path: string): Promise<void>
  client(path: string): Promise<void>
}

/** Answers one client by system calls that wait; the file gets the port. */
const answering = async (
  family: 'unix' | 'inet',
  at: UnixAddress | InetAddress,
  portFile?: string,
): Promise<void> => {
  const listener = sockets.open(family)
  sockets.bind(listener, at)
  sockets.listen(listener)
  if (portFile !== undefined) {
    writeFileSync(`${portFile}.new`, String((sockets.localAddress(listener) as InetAddress).port))
    renameSync(`${portFile}.new`, portFile)
  }
  const client = sockets.accept(listener, { timeoutMs: PATIENCE_MS })
  const buffer = Buffer.alloc(16)
  sockets.send(client, buffer.subarray(0, sockets.recv(client, buffer, { timeoutMs: PATIENCE_MS })))
  client.close()
  listener.close()
}

const asking = (family: 'unix' | 'inet', at: UnixAddress | InetAddress): void => {
  const client = sockets.open(family)
  sockets.connect(client, at, { timeoutMs: PATIENCE_MS })
  sockets.send(client, Buffer.from('ping'))
  const buffer = Buffer.alloc(16)
  same(buffer.toString('utf8', 0, sockets.recv(client, buffer, { timeoutMs: PATIENCE_MS })), 'ping')
  client.close()
}

export const conversations: Readonly<Record<string, Conversation>> = {
  stream: {
    server: async (path) => {
      const listener = await listen(`unix:${path}`, { allowHalfOpen: true })
      for await (const connection of listener) {
        connection.pipe(connection)
        await first(connection, 'close')
        break
      }
      await listener.close()
    },
    client: async (path) => {
      const client = await connect(`unix:${path}`, { retryUntilMs: PATIENCE_MS })
      client.end(Buffer.alloc(2 ** 20))
      let bytes = 0
      for await (const chunk of client) bytes += (chunk as Buffer).length
      same(bytes, 2 ** 20)
    },
  },
  pipes: {
    server: async (path) => {
      const listener = LocalListener.bind(`unix:${path}`)
      const stream = listener.accept({ timeoutMs: PATIENCE_MS })
      const buffer = Buffer.alloc(16)
      stream.writeAll(buffer.subarray(0, stream.read(buffer)))
      stream.close()
      listener.close()
    },
    client: async (path) => {
      const stream = LocalStream.connectWithTimeout(`unix:${path}`, PATIENCE_MS)
      stream.writeAll(Buffer.from('ping'))
      const buffer = Buffer.alloc(16)
      same(buffer.toString('utf8', 0, stream.read(buffer)), 'ping')
      stream.close()
    },
  },
  events: {
    server: async (path) => {
      const server = await EventServer.listen<Map>(`unix:${path}`)
      server.handle('add', ([a, b]) => a + b)
      await server.once('bye')
      await server.close()
    },
    client: async (path) => {
      const client = await EventClient.connect<Map>(`unix:${path}`, { retryUntilMs: PATIENCE_MS })
      same(await client.request('add', [1, 2]), 3)
      await client.send('bye', null)
      await client.close()
    },
  },
  lines: {
    server: async (path) => {
      const done = Promise.withResolvers<string>()
      const server = new LineServer({
        path,
        withAck: true,
        handler: (line) => done.resolve(line),
        logger: false,
      })
      await server.run()
      same(await done.promise, 'hello')
      await server.shutdown()
    },
    client: async (path) => {
      await until(() => existsSync(path))
      const client = await LineClient.connect({ path })
      await client.sendAndWait('hello')
      await client.exit()
    },
  },
  'winsock-ffi': {
    server: (path) => answering('unix', UnixAddress.path(path)),
    client: async (path) => {
      await until(() => existsSync(path))
      asking('unix', UnixAddress.path(path))
    },
  },
  'winsock-ffi, TCP': {
    server: (path) => answering('inet', new InetAddress('127.0.0.1', 0), path),
    client: async (path) => {
      await until(() => existsSync(path))
      asking('inet', new InetAddress('127.0.0.1', Number(readFileSync(path, 'utf8'))))
    },
  },
  uds: {
    server: async (path) => {
      same(await uds(['listen', `unix:${path}`], 'from the server').ended, {
        code: 0,
        output: 'from the client',
      })
    },
    client: async (path) => {
      const client = uds(['connect', '-N', '--retry', String(PATIENCE_MS), `unix:${path}`], 'from the client')
      same(await client.ended, { code: 0, output: 'from the server' })
    },
  },
  Linker: {
    server: async (path) => {
      const server = new Linker('server', 'pair', false, { directory: dirname(path) })
      await new Promise((resolve) => server.receive('say', resolve))
      await server.close()
    },
    client: async (path) => {
      const client = new Linker('client', 'pair', false, { directory: dirname(path) })
      same(await client.sendAsync('say', 'hello'), true)
      await client.close()
    },
  },
}
