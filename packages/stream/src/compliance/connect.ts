/** C01-C08: connect, addresses in use and free, many clients. */
import assert from 'node:assert/strict'
import { codeOf } from '@uds/winsock-ffi/internal'
import type { ComplianceCase } from './case.ts'
import { closed, inSession, readExactly, within, write } from './session.ts'

export const connectCases: readonly ComplianceCase[] = [
  inSession('C01', 'connect takes what listener.address prints', ['listen'], async (session) => {
    const listener = await session.listen()
    assert.equal(typeof listener.address, 'string')
    assert.notEqual(listener.address, '')
    const accepted = session.accept(listener)
    await session.connect(listener.address)
    await accepted
  }),
  inSession(
    'C02',
    'connecting to an address without a listener fails with ECONNREFUSED or ENOENT',
    ['refuses'],
    async (session) => {
      const { harness } = session
      const address = harness.deadAddress?.() ?? harness.address()
      await assert.rejects(
        within('connect', harness.transport.connect(address, harness.connectOptions)),
        (error) => ['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? ''),
      )
    },
  ),
  inSession(
    'C03',
    'a second listen on an address in use fails with EADDRINUSE, and the first goes on',
    ['listen', 'exclusive'],
    async (session) => {
      const first = await session.listen()
      await assert.rejects(session.listen({}, first.address), (error) => codeOf(error) === 'EADDRINUSE')
      const accepted = session.accept(first)
      await session.connect(first.address)
      await accepted
    },
  ),
  inSession(
    'C04',
    'the address can be listened on again after close',
    ['listen', 'exclusive'],
    async (session) => {
      const first = await session.listen()
      const { address } = first
      await first.close()
      const second = await session.listen({}, address)
      const accepted = session.accept(second)
      await session.connect(second.address)
      await accepted
    },
  ),
  inSession(
    'C05',
    'connecting after the listener has closed fails',
    ['listen', 'refuses'],
    async (session) => {
      const listener = await session.listen()
      const { address } = listener
      await listener.close()
      await assert.rejects(session.connect(address), (error) =>
        ['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? ''),
      )
    },
  ),
  inSession(
    'C06',
    'many clients connect at once, and each has a connection of its own',
    ['listen'],
    async (session) => {
      const listener = await session.listen()
      listener.on('connection', (connection) => {
        session.keep(connection).pipe(connection)
      })
      const clients = await Promise.all(Array.from({ length: 20 }, () => session.connect(listener.address)))
      await Promise.all(
        clients.map(async (client, index) => {
          await write(client, Buffer.from(`client ${String(index).padStart(4)}`))
          assert.equal(String(await readExactly(client, 11)), `client ${String(index).padStart(4)}`)
        }),
      )
    },
  ),
  inSession('C07', 'connections before the first taker are kept for it', ['listen'], async (session) => {
    const listener = await session.listen()
    const client = await session.connect(listener.address)
    await write(client, Buffer.from('early'))
    const server = await session.accept(listener)
    assert.equal(String(await readExactly(server, 5)), 'early')
  }),
  inSession('C08', 'listener.connections counts what is open', ['listen'], async (session) => {
    const { client, server, listener } = await session.pair()
    assert.equal(listener.connections, 1)
    client.destroy()
    server.resume()
    server.end()
    await closed(server)
    assert.equal(listener.connections, 0)
  }),
]
