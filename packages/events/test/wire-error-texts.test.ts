// What the errors of linkers and of line ends say: the words of each, once. Elsewhere tests ask for codes.
import { rejectionOf, until } from '@uds/testkit'
import { expect, test } from 'vitest'
import { LineClient, Linker } from '../src/index.ts'
import { Channel } from './fixtures/test-channel.ts'

type Row = readonly [what: string, words: string, make: () => Promise<Error | undefined>]

const rows: readonly Row[] = [
  [
    'a send before init',
    'the linker is not initialised: call init(role, channel) first',
    async () => {
      const linker = new Linker()
      linker.send('e', 1)
      return linker.lastError
    },
  ],
  [
    'a role that is none',
    "The role must be 'server' or 'client', not \"boss\"",
    async () => {
      const linker = new Linker()
      await linker.init('boss' as 'server', 'x')
      return linker.lastError
    },
  ],
  [
    'a client without a server',
    'no server has come to',
    async () => {
      const channel = new Channel()
      const client = channel.linker({ timeoutMs: 10 })
      await client.init('client', channel.name)
      return client.lastError
    },
  ],
  [
    'a listener that throws',
    'a listener of "e" failed',
    async () => {
      const { server, client } = await new Channel().pair()
      server.receive('e', () => {
        throw new Error('mine')
      })
      client.send('e', 1)
      await until(() => server.lastError !== undefined)
      return server.lastError
    },
  ],
  [
    'a frame over the limit, at the end that has sent it',
    'the other end closed the connection: a frame is larger than 1000 bytes',
    async () => {
      const channel = new Channel()
      await channel.server({ maxFrameBytes: 1000 })
      const client = await channel.client()
      client.send('e', 'x'.repeat(2000))
      await until(() => client.lastError !== undefined)
      return client.lastError
    },
  ],
  [
    'a server that closes before a client has come',
    '1 messages were held for the first client, and none has come',
    async () => {
      const server = await new Channel().server()
      server.send('e', 1)
      await server.close()
      return server.lastError
    },
  ],
  [
    'a client that closes while messages wait',
    '1 messages were waiting for a connection to the server, and are lost',
    async () => {
      const channel = new Channel()
      const { server, client } = await channel.pair()
      await server.close()
      await until(() => client.connections === 0)
      client.send('e', 1)
      await client.close()
      return client.lastError
    },
  ],
  [
    'a line client that is not connected',
    'the client is not connected: call connect() first',
    async () => await rejectionOf(new LineClient('/nowhere').receive()),
  ],
]

test.each(rows)('%s: %s', async (_, words, make) => {
  expect((await make())?.message).toContain(words)
})
