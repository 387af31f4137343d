/** L01-L05: limits, errors of connections, authorization. */
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ComplianceCase } from './case.ts'
import { closed, inSession, readExactly, within, write } from './session.ts'

export const acceptCases: readonly ComplianceCase[] = [
  inSession(
    'L01',
    'over maxConnections a connection is closed at once, and drop is emitted',
    ['listen'],
    async (session) => {
      const listener = await session.listen({ maxConnections: 1 })
      const dropped = new Promise<string>((resolve) => {
        listener.once('drop', resolve)
      })
      listener.on('connection', (connection) => session.keep(connection))
      await session.connect(listener.address)
      // Where connecting has steps of its own, it fails instead.
      const second = await session.connect(listener.address).catch(() => undefined)
      second?.resume()
      assert.equal(await within('drop', dropped), 'maxConnections')
      if (second) await closed(second)
      assert.equal(listener.connections, 1)
    },
  ),
  inSession(
    'L02',
    'an error of an accepted connection is connectionError, and nothing else',
    ['listen'],
    async (session) => {
      const { server, listener } = await session.pair()
      const emitted = new Promise<unknown>((resolve) => {
        listener.once('connectionError', (error, connection) => resolve([error, connection]))
      })
      const error = new Error('it broke')
      server.destroy(error)
      assert.deepEqual(await within('connectionError', emitted), [error, server])
    },
  ),
  inSession(
    'L03',
    'authorize decides with credentials, and no taker has the connection before',
    ['listen', 'credentials'],
    async (session) => {
      const asked = Promise.withResolvers<number | undefined>()
      const decision = Promise.withResolvers<boolean>()
      const listener = await session.listen({
        authorize: (peer) => {
          asked.resolve(peer.pid)
          return decision.promise
        },
      })
      const client = await session.connect(listener.address)
      await write(client, Buffer.from('held'))
      const accepted = session.accept(listener)
      assert.equal(await within('authorize', asked.promise), process.pid)
      assert.equal(await Promise.race([accepted, nextTurn('held')]), 'held')
      decision.resolve(true)
      const server = await accepted
      assert.equal(String(await readExactly(server, 4)), 'held')
    },
  ),
  inSession(
    'L04',
    'a peer that authorize refuses is closed, and connectionError is emitted',
    ['listen', 'credentials'],
    async (session) => {
      const listener = await session.listen({ authorize: () => false })
      const emitted = new Promise<Error>((resolve) => {
        listener.once('connectionError', resolve)
      })
      const client = await session.connect(listener.address)
      client.resume()
      assert.equal(((await within('connectionError', emitted)) as NodeJS.ErrnoException).code, 'EACCES')
      await closed(client)
    },
  ),
  inSession('L05', 'sameUser lets this user in', ['listen', 'credentials'], async (session) => {
    const { client, server } = await session.pair({ listen: { authorize: 'sameUser' } })
    await write(client, Buffer.from('in'))
    assert.equal(String(await readExactly(server, 2)), 'in')
  }),
]
