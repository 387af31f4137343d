/** What two runtimes say to each other, one of them the server and one the client. */
import { dirname } from 'node:path'
import { EventClient, EventServer, Linker } from '@uds/events'
import { LocalListener, LocalStream } from '@uds/pipes'
import { connect, listen } from '@uds/stream'
import { first, same } from '../cases/case.ts'

interface Map {
  toServer: { bye: null }
  requests: { add(numbers: [number, number]): number }
}

interface Conversation {
  /** Ends when the client has been served. */
  server(path: string): Promise<void>
  client(path: string): Promise<void>
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
      const client = await connect(`unix:${path}`, { retryUntilMs: 10_000 })
      client.end(Buffer.alloc(2 ** 20))
      let bytes = 0
      for await (const chunk of client) bytes += (chunk as Buffer).length
      same(bytes, 2 ** 20)
    },
  },
  pipes: {
    server: async (path) => {
      const listener = LocalListener.bind(`unix:${path}`)
      const stream = listener.accept({ timeoutMs: 10_000 })
      const buffer = Buffer.alloc(16)
      stream.writeAll(buffer.subarray(0, stream.read(buffer)))
      stream.close()
      listener.close()
    },
    client: async (path) => {
      const stream = LocalStream.connectWithTimeout(`unix:${path}`, 10_000)
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
      const client = await EventClient.connect<Map>(`unix:${path}`, { retryUntilMs: 10_000 })
      same(await client.request('add', [1, 2]), 3)
      await client.send('bye', null)
      await client.close()
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
