import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOf, errorOf, freshName, rejectionOf, until } from '@uds/testkit'
import { type AnyMap, EventServer, type ServerPeer } from '@uds/events'

import { byHand } from './fixtures/by-hand.ts'
import { cuttable, join, serve, usual } from './fixtures/ends.ts'

/** What the process would have ended with. */
const unhandled = (): unknown[] => {
  const all: unknown[] = []
  const hear = (reason: unknown): void => void all.push(reason)
  process.on('unhandledRejection', hear)
  onTestFinished(() => void process.off('unhandledRejection', hear))
  return all
}
const turns = async (): Promise<void> => {
  for (let at = 0; at < 5; at++) await new Promise((resolve) => setImmediate(resolve))
}

/** A peer whose client has left for good. */
const gone = async (): Promise<ServerPeer<AnyMap>> => {
  const server = await serve()
  const client = await join(server.address)
  const peer = server.peers[0] as ServerPeer<AnyMap>
  await client.close()
  await until(() => peer.closed)
  return peer
}

describe('after the other end has gone', () => {
  test('an event is dropped and counted, and emit says that more may be said', async () => {
    const peer = await gone()
    expect([peer.emit('a', 1), peer.emit('b', 2), peer.dropped]).toEqual([true, true, 2])
  })

  test('what nobody awaits ends no process; what is awaited rejects with ERR_DISCONNECTED', async () => {
    const escaped = unhandled()
    const peer = await gone()
    void peer.send('a', 1)
    void peer.request('a', 1)
    void peer.ping()
    await turns()
    expect(escaped).toEqual([])
    const error = await rejectionOf(peer.send('a', 1))
    expect(error).toMatchObject({ code: 'ERR_DISCONNECTED' })
    expect(error.cause).toMatchObject({ code: 'ERR_CLOSED' })
    expect(await codeOf(peer.request('a', 1))).toBe('ERR_DISCONNECTED')
    expect(await codeOf(peer.stream('a', 1).next())).toBe('ERR_DISCONNECTED')
    expect(await codeOf(peer.ping())).toBe('ERR_DISCONNECTED')
  })

  test('what was under way and nobody awaits ends no process either', async () => {
    const escaped = unhandled()
    const server = await serve(usual(), { sessionMs: 0 })
    const client = await join(server.address, { reconnect: false })
    client.on('wait', () => new Promise(() => {}))
    client.handle('wait', () => new Promise(() => {}))
    const peer = server.peers[0] as ServerPeer<AnyMap>
    void peer.send('wait')
    void peer.request('wait')
    void peer.send('unheard')
    await peer.ping()
    await client.close({ graceMs: 0 })
    await until(() => peer.closed)
    await turns()
    expect(escaped).toEqual([])
  })

  test('a client that the server sent away throws nothing, and every call hears the reason', async () => {
    const escaped = unhandled()
    const server = await serve()
    server.handle('wait', () => new Promise(() => {}))
    const client = await join(server.address)
    const underWay = codeOf(client.request('wait'))
    await client.ping()
    const closed = client.once('close')
    server.peers[0]?.disconnect('go')
    await closed
    expect(client.emit('a', 1)).toBe(true)
    expect(client.dropped).toBe(1)
    void client.send('a', 1)
    void client.request('a')
    void client.join('room')
    void client.ping()
    const later = [client.request('a'), client.send('a', 1), client.join('room'), client.stream('a').next()]
    const codes = await Promise.all([underWay, ...later.map((each) => codeOf(each))])
    expect(new Set(codes)).toEqual(new Set(['ERR_DISCONNECTED_BY_SERVER']))
    await turns()
    expect(escaped).toEqual([])
  })

  test('what is under way to a client that the server sent away, or is said to it later, rejects with the reason', async () => {
    const escaped = unhandled()
    const server = await serve()
    const client = await join(server.address)
    client.on('a', () => new Promise(() => {}))
    client.handle('wait', () => new Promise(() => {}))
    const peer = server.peers[0] as ServerPeer<AnyMap>
    const underWay = [peer.send('a', 1), peer.request('wait')]
    await peer.ping()
    peer.disconnect()
    await until(() => peer.closed)
    void peer.send('a', 1)
    const codes = await Promise.all([...underWay, peer.send('a', 1), peer.request('wait')].map(codeOf))
    expect(new Set(codes)).toEqual(new Set(['ERR_DISCONNECTED_BY_SERVER']))
    expect(peer.emit('a', 1)).toBe(true)
    await turns()
    expect(escaped).toEqual([])
  })

  test('a request whose server died, or closed, rejects with ERR_DISCONNECTED', async () => {
    const { transport, cut } = cuttable()
    const address = `memory:${freshName()}`
    const server = await EventServer.listen(address, { transport })
    server.handle('wait', () => new Promise(() => {}))
    const client = await join(address, { transport, reconnect: { initialMs: 1 } })
    const first = codeOf(client.request('wait'))
    await client.ping()
    cut()
    expect(await first).toBe('ERR_DISCONNECTED')
    await until(() => client.connected)
    const second = rejectionOf(client.request('wait'))
    await client.ping()
    await server.close({ graceMs: 0 })
    expect(await second).toMatchObject({ code: 'ERR_DISCONNECTED', cause: { code: 'ERR_CLOSED' } })
  })

  test('who waits for drain goes on', async () => {
    const server = await serve(usual(), { sessionMs: 0 })
    const slow = await byHand(server.address, { reads: false })
    slow.connection.pause()
    await until(() => server.peers.length === 1)
    const peer = server.peers[0] as ServerPeer<AnyMap>
    const drained: unknown[] = []
    server.on('drain', (who) => drained.push(who))
    while (peer.emit('a', 'x'.repeat(10_000)));
    slow.connection.destroy()
    await until(() => peer.closed)
    expect(drained).toEqual([peer])
  })

  test('who waits for the drain of a client that was sent away goes on, also when it begins later', async () => {
    const server = await serve()
    const client = await join(server.address)
    server.peers[0]?.disconnect()
    while (client.emit('a', 'x'.repeat(10_000)) && !client.closed);
    await client.once('drain')
    await until(() => client.closed)
    expect(await client.once('drain')).toEqual([])
  })
})

describe('after this end was closed', () => {
  test('each call hears ERR_CLOSED, with a stack that shows it', async () => {
    const server = await serve()
    const client = await join(server.address)
    await client.close()
    const sayIt = (): unknown => client.emit('a', 1)
    const sendIt = (): Promise<void> => client.send('a', 1)
    const askIt = (): Promise<unknown> => client.request('a', 1)
    const error = errorOf(sayIt)
    expect([error.code, error.stack?.includes('sayIt')]).toEqual(['ERR_CLOSED', true])
    for (const [call, name] of [
      [sendIt, 'sendIt'],
      [askIt, 'askIt'],
    ] as const) {
      const rejection = await rejectionOf(call())
      expect([rejection.code, rejection.stack?.includes(name)]).toEqual(['ERR_CLOSED', true])
    }
  })

  test('the peers of a closed server say so too', async () => {
    const server = await serve()
    await join(server.address, { reconnect: false })
    const peer = server.peers[0] as ServerPeer<AnyMap>
    await server.close()
    expect(errorOf(() => peer.emit('a', 1)).code).toBe('ERR_CLOSED')
    expect(await codeOf(peer.send('a', 1))).toBe('ERR_CLOSED')
  })

  test('what was under way hears ERR_CLOSED', async () => {
    const server = await serve()
    server.handle('wait', () => new Promise(() => {}))
    server.on('wait', () => new Promise(() => {}))
    const client = await join(server.address)
    const waiting = [client.request('wait'), client.send('wait')].map((each) => codeOf(each))
    await client.ping()
    await client.close({ graceMs: 0 })
    expect(await Promise.all(waiting)).toEqual(['ERR_CLOSED', 'ERR_CLOSED'])
  })
})
