import { describe, expect, test } from 'vitest'
import { codeOf, errorOf, freshName, rejectionOf, spawnScript, tempDir, until } from '@uds/testkit'
import { DeferError, EventClient, EventServer } from '@uds/events'
import { encodeFrame, FrameType } from '../src/wire/frame.ts'
import { byHand, name } from './fixtures/by-hand.ts'
import { cuttable, join, serve, usual, watched } from './fixtures/ends.ts'

const sqlite = process.getBuiltinModule('node:sqlite')

describe('the id of a message', () => {
  test('is the session and the number, the same when it comes again, and none for an emit', async () => {
    const { transport, cut } = cuttable()
    const server = await serve(`memory:${freshName()}`, { transport })
    const ids: (string | undefined)[] = []
    let first = true
    server.on('a', (_data, _peer, { id, redelivered, kind }) => {
      ids.push(id)
      if (kind === 'emit' || !first) return undefined
      first = false
      expect(redelivered).toBe(false)
      return new Promise(() => {})
    })
    const client = await join(server.address, { transport, reconnect: { initialMs: 1 } })
    const session = server.peers[0]?.id ?? ''
    client.emit('a')
    void client.send('a')
    await client.send('a')
    expect(ids).toEqual([undefined, `${session}:1`, `${session}:2`])
    cut()
    await until(() => client.connected)
    await client.send('a')
    expect(ids.at(-1)).toBe(`${session}:3`)
  })

  test('of a server that was started again is none that its client has seen', async () => {
    const { transport, cut } = cuttable()
    const address = `memory:${freshName()}`
    const first = await EventServer.listen(address, { transport })
    const client = await join(address, { transport, reconnect: { initialMs: 1, maxMs: 5 } })
    const ids: (string | undefined)[] = []
    client.on('a', (_data, { id }) => ids.push(id))
    await first.peers[0]?.send('a' as never)
    await first.peers[0]?.send('a' as never)
    cut()
    await first.close({ graceMs: 0 })
    const second = await serve(address, { transport })
    await until(() => second.peers.length === 1)
    await second.peers[0]?.send('a')
    expect(new Set(ids).size).toBe(3)
  })
})

describe('setUp', () => {
  test('has the address, and handlers that it sets are there for the first client', async () => {
    const address = `memory:${freshName()}`
    const client = watched(EventClient.open(address, { reconnect: { initialMs: 1, maxMs: 5 } }))
    const sent = client.send('a', 1)
    const asked = client.request('b', 2)
    let told = ''
    const server = await EventServer.listen(address, {
      async setUp(own) {
        told = own.address
        // Clients that come meanwhile wait.
        for (let at = 0; at < 20; at++) await new Promise((resolve) => setImmediate(resolve))
        own.on('a', () => {})
        own.handle('b', (value) => value)
      },
    })
    await sent
    expect([await asked, told]).toEqual([2, server.address])
    await server.close()
  })

  test('that throws rejects listen, and leaves nothing open', async () => {
    const address = usual()
    for (const setUp of [
      () => {
        throw new Error('no database')
      },
      () => Promise.reject(new Error('no database')),
    ]) {
      expect((await rejectionOf(EventServer.listen(address, { setUp }))).message).toBe('no database')
    }
    await serve(address)
    expect(await codeOf(EventServer.listen(usual(), { setUp: 1 as never }))).toBe('ERR_INVALID_ARG_TYPE')
    expect(errorOf(() => EventServer.detached({ setUp: () => {} })).code).toBe('ERR_INVALID_ARG_VALUE')
  })

  test('a detached server listens when it is told to, once', async () => {
    const server = EventServer.detached()
    server.handle('b', (value) => value)
    await server.listen(usual())
    expect(await (await join(server.address)).request('b', 1)).toBe(1)
    expect(await codeOf(server.listen(usual()))).toBe('ERR_LISTENING')
    await server.close()
    expect(await codeOf(server.listen(usual()))).toBe('ERR_CLOSED')
  })
})

describe('handlers of others', () => {
  test('answer requests without a handler, and no others; middleware sees them', async () => {
    const server = await serve()
    const seen: unknown[] = []
    server.use((message, next) => {
      seen.push(message.name)
      return next()
    })
    server.handle('known', () => 'known')
    server.handleOthers((called, input, { peer, signal }) => [called, input, peer.name, signal.aborted])
    const client = await join(server.address, { name: 'ann' })
    expect(await client.request('known')).toBe('known')
    expect(await client.request('other', 1)).toEqual(['other', 1, 'ann', false])
    expect(seen).toEqual(['known', 'other'])
    expect(await codeOf(client.join('room'))).toBe('ERR_UNAUTHORIZED')
    expect(errorOf(() => server.handleOthers(() => 1)).code).toBe('ERR_INVALID_ARG_VALUE')
    server.handleOthers(undefined)
    expect(await codeOf(client.request('other'))).toBe('ERR_NO_HANDLER')
  })

  test('answer streams too', async () => {
    const server = await serve()
    server.handleOthers(function* (called) {
      yield called
      yield 2
    })
    const client = await join(server.address)
    const items: unknown[] = []
    for await (const item of client.stream('any')) items.push(item)
    expect(items).toEqual(['any', 2])
  })

  test('listen to events without a listener; a send waits for them', async () => {
    const server = await serve()
    const got: unknown[] = []
    server.on('known', () => got.push('known'))
    server.onOthers(async (called, data, peer, { kind }) => {
      await new Promise((resolve) => setImmediate(resolve))
      got.push([called, data, peer.name, kind])
      if (data === 3) throw new Error('not three')
    })
    const client = await join(server.address, { name: 'ann' })
    await client.send('known')
    await client.send('other', 1)
    client.emit('more', 2)
    expect((await rejectionOf(client.send('other', 3))).message).toBe('not three')
    expect(got).toEqual([
      'known',
      ['other', 1, 'ann', 'send'],
      ['more', 2, 'ann', 'emit'],
      ['other', 3, 'ann', 'send'],
    ])
    server.onOthers(undefined)
    expect(await codeOf(client.send('other'))).toBe('ERR_NO_HANDLER')
  })

  test('a client has them as well', async () => {
    const server = await serve()
    const client = await join(server.address)
    client.handleOthers((called) => called)
    const heard = new Promise((resolve) => client.onOthers((called, data) => resolve([called, data])))
    server.peers[0]?.emit('news', 1)
    expect([await server.peers[0]?.request('what'), await heard]).toEqual(['what', ['news', 1]])
  })
})

describe('middleware', () => {
  test('may be synchronous: an event is heard before the next one is read', async () => {
    const server = await serve()
    const order: unknown[] = []
    server.use((message, next) => {
      order.push(`in ${String(message.data)}`)
      const result = next()
      order.push(`out ${String(message.data)}`)
      return result
    })
    server.on('a', (value) => order.push(`heard ${String(value)}`))
    const client = await join(server.address)
    client.emit('a', 1)
    client.emit('a', 2)
    await client.ping()
    expect(order).toEqual(['in 1', 'heard 1', 'out 1', 'in 2', 'heard 2', 'out 2'])
  })

  test('what a listener throws behind it rejects next, and is reported', async () => {
    const server = await serve()
    const seen: unknown[] = []
    server.use(async (_, next) => {
      try {
        return await next()
      } catch (error) {
        seen.push((error as Error).message)
        throw error
      }
    })
    server.on('a', () => {
      throw new Error('broken')
    })
    const client = await join(server.address)
    expect((await rejectionOf(client.send('a'))).message).toBe('broken')
    expect(seen).toEqual(['broken'])
  })
})

describe('DeferError', () => {
  test('is an answer "not now": the message comes again, marked, and holds nothing up', async () => {
    const server = await serve()
    const got: unknown[] = []
    let ready = false
    server.on('a', (value, _peer, { redelivered, id }) => {
      got.push([value, redelivered, id?.split(':')[1]])
      if (value === 1 && !ready) throw new DeferError({ retryAfterMs: 5 })
    })
    const client = await join(server.address)
    const first = client.send('a', 1)
    await client.send('a', 2)
    expect(client.unacknowledged).toBe(1)
    ready = true
    await first
    expect(got[0]).toEqual([1, false, '1'])
    expect(got[1]).toEqual([2, false, '2'])
    expect(got.at(-1)).toEqual([1, true, '1'])
    expect(server.errors).toEqual([])
  })

  test('is kept over a new connection, and until the client closes', async () => {
    const { transport, cut } = cuttable()
    const server = await serve(`memory:${freshName()}`, { transport })
    const got: unknown[] = []
    server.on('a', (value, _peer, { redelivered }) => {
      got.push([value, redelivered])
      if (got.length < 3) return Promise.reject(new DeferError({ retryAfterMs: 1_000_000 }))
      return undefined
    })
    const client = await join(server.address, { transport, reconnect: { initialMs: 1 } })
    const sent = client.send('a', 1)
    for (let at = 1; at < 3; at++) {
      await until(() => got.length === at)
      await client.ping()
      cut()
      await until(() => client.connected && got.length > at)
    }
    await sent
    expect(got).toEqual([
      [1, false],
      [1, true],
      [1, true],
    ])
  })

  test('to a peer that does not know it is a refusal with ERR_DEFERRED', async () => {
    const server = await serve()
    server.on('a', () => {
      throw new DeferError({ retryAfterMs: 1 })
    })
    const client = await byHand(server.address, {})
    client.connection.write(Buffer.concat([name(1, 'a'), encodeFrame(FrameType.send, 0, 1, 1, '1')]))
    await until(() => client.frames.some(({ type }) => type === FrameType.nack))
    expect(client.frames.find(({ type }) => type === FrameType.nack)?.body).toContain('ERR_DEFERRED')
    const demanding = await byHand(server.address, { require: ['defer'], knows: ['defer', 'the future'] })
    demanding.connection.write(Buffer.concat([name(1, 'a'), encodeFrame(FrameType.send, 0, 1, 1, '1')]))
    await until(() => demanding.frames.some(({ type }) => type === FrameType.defer))
    expect(demanding.code()).toBeUndefined()
  })

  test('says what is wrong with its milliseconds', () => {
    for (const retryAfterMs of [0, -1, Number.NaN, 2 ** 31]) {
      expect(errorOf(() => new DeferError({ retryAfterMs })).code).toBe('ERR_OUT_OF_RANGE')
    }
    expect(errorOf(() => new DeferError({ retryAfterMs: '5' as never })).code).toBe('ERR_INVALID_ARG_TYPE')
  })

  test.skipIf(sqlite === undefined)('survives a restart of a server with a journal', async () => {
    const path = `${tempDir()}/j.db`
    const address = `memory:${freshName()}`
    const first = await EventServer.listen(address, { journal: { path } })
    first.on('a', (value) => {
      if (value === 1) throw new DeferError({ retryAfterMs: 1_000_000 })
    })
    const client = await join(address, { reconnect: { initialMs: 1, maxMs: 5 } })
    const put = client.send('a', 1)
    await client.send('a', 2)
    await first.close({ graceMs: 0 })
    const got: unknown[] = []
    const second = await EventServer.listen(address, {
      journal: { path },
      setUp: (own) => void own.on('a', (value) => got.push(value)),
    })
    await put
    await client.send('a', 3)
    expect(got).toEqual([1, 3])
    await second.close()
  })
})

test('a request whose server was killed rejects with ERR_DISCONNECTED', async () => {
  const server = spawnScript(new URL('./fixtures/waiting-server.ts', import.meta.url), [usual()])
  const [, address] = await server.waitForLine(/ready (.*)/)
  const client = await join(address ?? '')
  const asked = codeOf(client.request('wait'))
  await client.ping()
  void server.kill('SIGKILL')
  expect(await asked).toBe('ERR_DISCONNECTED')
})
