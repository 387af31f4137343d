/** The heap after so many operations of each kind: what grows with them is a leak. */
import { duplexPair } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { join } from 'node:path'
import { EventClient, EventServer } from '@uds/events'
import { connect, listen, memory } from '@uds/stream'
import { sockets } from '@uds/winsock-ffi'
import type { Trial } from '../trials/trial.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of heap that an operation may leave. */
const MOST_BYTES = 2
/** What a heap changes by itself: this many bytes, whatever was done. */
const NOISE_BYTES = 60_000
/** So often in a row it has to grow. */
const ROUNDS = 3

const heap = async (): Promise<number> => {
  for (let times = 0; times < 3; times += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

export interface Kind {
  /** Operations in the short form, and by hand. */
  readonly counts: readonly [short: number, long: number]
  /** Sets up, and returns what does so many operations, and what ends. */
  prepare(directory: string): Promise<{ many(count: number): Promise<void>; end(): Promise<unknown> }>
}

export const leakTrial = ({ counts, prepare }: Kind): Trial => ({
  run: async ({ directory, scale }) => {
    const count = counts[scale > 1 ? 1 : 0]
    const { many, end } = await prepare(directory)
    try {
      // After that everything is compiled, and every buffer as large as it gets.
      await many(Math.ceil(count / 5))
      let before = await heap()
      let each = 0
      let leaks = true
      // What leaks does so every time; code that the engine throws away or makes again does not.
      for (let round = 0; leaks && round < ROUNDS; round += 1) {
        await many(count)
        const after = await heap()
        const grown = after - before
        each = grown / count
        leaks = grown > NOISE_BYTES && each > MOST_BYTES
        before = after
      }
      const problems = leaks
        ? [`the heap grew by ${each.toFixed(2)} bytes an operation, ${ROUNDS} times`]
        : []
      return { tried: 1, counts: `${count} operations, ${each.toFixed(2)} bytes of heap each`, problems }
    } finally {
      await end()
    }
  },
})

/** So many are under way at a time. */
const TOGETHER = 500

const inTurn = async (count: number, operation: (at: number) => Promise<unknown>): Promise<void> => {
  for (let at = 0; at < count; at += TOGETHER)
    await Promise.all(
      Array.from({ length: Math.min(TOGETHER, count - at) }, (_, more) => operation(at + more)),
    )
}

const oneByOne = async (count: number, operation: () => Promise<unknown>): Promise<void> => {
  for (let at = 0; at < count; at += 1) await operation()
}

/** A server and a client of events, and something that the client does. */
const ofEvents = (operation: (client: EventClient, at: number) => Promise<unknown>): Kind['prepare'] => {
  return async (directory) => {
    const server = await EventServer.listen(`unix:${join(directory, 's')}`, { joinable: () => true })
    server.on('say', () => {})
    server.handle('double', (input) => Number(input) * 2)
    server.handle('count', async function* () {
      yield 1
      yield 2
    })
    const client = await EventClient.connect(server.address)
    client.on('error', () => {})
    return {
      many: (count) => inTurn(count, (at) => operation(client, at)),
      end: async () => {
        await client.close()
        await server.close()
      },
    }
  }
}

export const kinds: Readonly<Record<string, Kind>> = {
  send: { counts: [60_000, 1_000_000], prepare: ofEvents((client, at) => client.send('say', at)) },
  request: { counts: [60_000, 1_000_000], prepare: ofEvents((client, at) => client.request('double', at)) },
  stream: {
    counts: [20_000, 1_000_000],
    prepare: ofEvents(async (client) => {
      for await (const each of client.stream('count')) void each
    }),
  },
  'join and leave': {
    counts: [20_000, 1_000_000],
    prepare: ofEvents(async (client, at) => {
      const room = `room ${at % 100}`
      await client.join(room)
      await client.leave(room)
    }),
  },
  handshake: {
    counts: [4000, 100_000],
    prepare: async () => {
      const server = EventServer.detached({ sessionMs: 0 })
      server.on('error', () => {})
      return {
        many: (count) =>
          oneByOne(count, async () => {
            const [near, far] = duplexPair()
            server.accept(far)
            const client = await EventClient.connect('memory:x', {
              transport: { ...memory, connect: async () => near },
            })
            await client.close()
          }),
        end: () => server.close(),
      }
    },
  },
  connection: {
    counts: [4000, 100_000],
    prepare: async (directory) => {
      const listener = await listen(`unix:${join(directory, 's')}`)
      listener.on('connection', (connection) => connection.end('x'))
      return {
        many: (count) =>
          oneByOne(count, async () => {
            const connection = await connect(listener.address)
            connection.resume()
            await new Promise((resolve) => connection.once('close', resolve))
          }),
        end: () => listener.close(),
      }
    },
  },
  'system call': {
    counts: [100_000, 1_000_000],
    prepare: async () => {
      const [a, b] = sockets.pair()
      const buffer = Buffer.alloc(16)
      return {
        many: async (count) => {
          for (let at = 0; at < count; at += 1) {
            sockets.send(a, buffer)
            sockets.recv(b, buffer)
          }
        },
        end: async () => {
          a.close()
          b.close()
        },
      }
    },
  },
}
