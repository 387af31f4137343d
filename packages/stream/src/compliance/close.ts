/** E01-E12: end, half close, destroy, close of the listener. */
import assert from 'node:assert/strict'
import type { ComplianceCase } from './case.ts'
import { closed, inSession, nextEvent, readExactly, readToEnd, within, write } from './session.ts'

const halfOpen = { listen: { allowHalfOpen: true }, connect: { allowHalfOpen: true } }

export const closeCases: readonly ComplianceCase[] = [
  inSession(
    'E01',
    'end() of the client is the end of the stream at the server',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      client.end('bye')
      assert.equal(String(await readToEnd(server)), 'bye')
    },
  ),
  inSession(
    'E02',
    'end() of the server is the end of the stream at the client',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair()
      server.end('bye')
      assert.equal(String(await readToEnd(client)), 'bye')
    },
  ),
  inSession('E03', 'after end() a late reply still arrives', ['listen', 'halfClose'], async (session) => {
    const { client, server } = await session.pair(halfOpen)
    client.end('question')
    assert.equal(String(await readToEnd(server)), 'question')
    // Later than the 50 ms that libuv waits on a named pipe.
    await new Promise((resolve) => {
      setTimeout(resolve, 300)
    })
    server.end('late reply')
    assert.equal(String(await readToEnd(client)), 'late reply')
  }),
  inSession('E04', 'after the end both ways both ends close', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    client.resume()
    server.resume()
    client.end()
    server.end()
    await Promise.all([closed(client), closed(server)])
  }),
  inSession('E05', 'destroy() of the client ends the server', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const ended = nextEvent(server, ['end', 'error', 'close'])
    server.resume()
    client.destroy()
    await within('end at the server', ended)
  }),
  inSession('E06', 'destroy() of the server ends the client', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    const ended = nextEvent(client, ['end', 'error', 'close'])
    client.resume()
    server.destroy()
    await within('end at the client', ended)
  }),
  inSession(
    'E07',
    'writing to a peer that has gone fails, and does not throw',
    ['listen'],
    async (session) => {
      const { client, server } = await session.pair(halfOpen)
      server.destroy()
      await closed(server)
      const failed = nextEvent(client, ['error', 'close'])
      // The first may still be taken by the system.
      const pump = setInterval(() => client.write(Buffer.alloc(1024)), 5)
      try {
        await within('the failure', failed)
      } finally {
        clearInterval(pump)
      }
    },
  ),
  inSession('E08', 'destroying and ending twice is no error', ['listen'], async (session) => {
    const { client, server } = await session.pair()
    client.end()
    client.end()
    server.destroy()
    server.destroy()
    client.destroy()
    await Promise.all([closed(client), closed(server)])
  }),
  inSession(
    'E09',
    'close of the listener without grace ends its connections',
    ['listen'],
    async (session) => {
      const { client, listener } = await session.pair()
      const ended = nextEvent(client, ['end', 'error', 'close'])
      client.resume()
      await within('close', listener.close())
      await within('end at the client', ended)
      assert.equal(listener.connections, 0)
    },
  ),
  inSession(
    'E10',
    'close of the listener with grace lets a reply be finished',
    ['listen'],
    async (session) => {
      const { client, server, listener } = await session.pair()
      // Without a limit: the end of the connection must end the wait, not the time.
      const closing = listener.close({ graceMs: Infinity })
      await write(client, Buffer.from('work'))
      assert.equal(String(await readExactly(server, 4)), 'work')
      server.end('done')
      assert.equal(String(await readToEnd(client)), 'done')
      // A server that does not read never learns that the client has ended.
      server.resume()
      client.end()
      await within('close', closing)
    },
  ),
  inSession(
    'E11',
    'a connection that does not end is destroyed when the grace is over',
    ['listen'],
    async (session) => {
      const { client, listener } = await session.pair()
      client.resume()
      await within('close', listener.close({ graceMs: 50 }))
    },
  ),
  inSession('E12', 'closing twice is no error, and ends iterations', ['listen'], async (session) => {
    const listener = await session.listen()
    const loop = (async (): Promise<number> => {
      let count = 0
      for await (const connection of listener) {
        session.keep(connection)
        count += 1
      }
      return count
    })()
    await Promise.all([listener.close(), listener.close()])
    await listener.close()
    assert.equal(await within('end of the iteration', loop), 0)
  }),
]
