import { describe, expect, test } from 'vitest'
import { memory, unix } from '@uds/stream'
import { codeOf, codeOfCall, freshName, until } from '@uds/testkit'
import { type AnyMap, type ClientOptions, EventClient, EventServer } from '@uds/events'
import { cuttable, join, serve, usual, watched } from './fixtures/ends.ts'

const fast = { initialMs: 1, maxMs: 5 }

test('a client comes back, with its session, and what waited arrives', async () => {
  const { transport, cut } = cuttable()
  const address = `memory:${freshName()}`
  const server = await serve(address, { transport })
  const got: unknown[] = []
  server.on('a', (data) => got.push(data))
  const client = await join(address, { transport, reconnect: fast })
  const states: unknown[] = []
  client.on('connect', (state) => states.push(state))
  await client.send('a', 1)
  cut()
  await client.once('disconnect')
  expect(client.connected).toBe(false)
  client.emit('a', 2)
  await client.send('a', 3)
  expect(got).toEqual([1, 2, 3])
  expect(states).toEqual([{ resumed: true }])
})

test('a message that is being handled when the connection is lost is handled once', async () => {
  const { transport, cut } = cuttable()
  const address = `memory:${freshName()}`
  const server = await serve(address, { transport })
  let finish: (() => void) | undefined
  const deliveries: boolean[] = []
  server.on('a', (_data, _peer, { redelivered }) => {
    deliveries.push(redelivered)
    return new Promise<void>((resolve) => {
      finish = resolve
    })
  })
  const client = await join(address, { transport, reconnect: fast })
  const sent = client.send('a', 1)
  await until(() => deliveries.length === 1)
  cut()
  await client.once('connect')
  await client.ping()
  finish?.()
  await sent
  expect(deliveries).toEqual([false])
})

test('a refusal that was lost with the connection is told again', async () => {
  const { transport, cut } = cuttable()
  const address = `memory:${freshName()}`
  const server = await serve(address, { transport })
  let fail: ((reason: Error) => void) | undefined
  let calls = 0
  server.on('a', () => {
    calls++
    return new Promise<void>((_resolve, reject) => {
      fail = reject
    })
  })
  const client = await join(address, { transport, reconnect: { initialMs: 30 } })
  const sent = codeOf(client.send('a', 1))
  await until(() => calls === 1)
  cut()
  await until(() => server.peers.length === 0)
  fail?.(Object.assign(new Error('no'), { code: 'E_NO' }))
  expect(await sent).toBe('E_NO')
  expect(calls).toBe(1)
})

test('a server that forgot the session gets the message again, marked', async () => {
  const address = `memory:${freshName()}`
  const first = await serve(address)
  let seen = 0
  first.on('a', () => {
    seen++
    return new Promise<void>(() => {})
  })
  const client = await join(address, { reconnect: fast })
  const sent = client.send('a', 'x')
  await until(() => seen === 1)
  await first.close({ graceMs: 0 })
  const fresh = client.send('a', 'y')
  const second = await serve(address)
  const got: unknown[] = []
  second.on('a', (data, _peer, { redelivered, kind }) => got.push([data, redelivered, kind]))
  await Promise.all([sent, fresh])
  expect(got).toEqual([
    ['x', true, 'send'],
    ['y', false, 'send'],
  ])
})

test('a message that was lost on its way is not marked, when the receiver remembers', async () => {
  const address = `memory:${freshName()}`
  const server = await serve(address)
  const marks: boolean[] = []
  server.on('a', (_data, _peer, { redelivered }) => marks.push(redelivered))
  // A transport that swallows what is written after a moment, and then ends.
  let swallow = false
  let connection: Awaited<ReturnType<typeof memory.connect>> | undefined
  const transport = {
    ...memory,
    connect: async (...args: Parameters<typeof memory.connect>) => {
      const made = await memory.connect(...args)
      connection = made
      const write = made._write.bind(made)
      made._write = (chunk: Buffer, encoding, done) => {
        if (swallow) done()
        else write(chunk, encoding, done)
      }
      return made
    },
  }
  const client = await join(address, { transport, reconnect: fast })
  await client.send('a', 1)
  swallow = true
  const sent = client.send('a', 2)
  await new Promise((resolve) => setImmediate(resolve))
  swallow = false
  connection?.destroy()
  await sent
  expect(marks).toEqual([false, false])
})

test('a request that was written when the connection is lost fails, one that waited is asked', async () => {
  const { transport, cut } = cuttable()
  const address = `memory:${freshName()}`
  const server = await serve(address, { transport })
  let asked = 0
  server.handle('hang', () => {
    asked++
    return new Promise(() => {})
  })
  server.handle('echo', (input) => input)
  const client = await join(address, { transport, reconnect: { initialMs: 20 } })
  const hanging = codeOf(client.request('hang'))
  await until(() => asked === 1)
  cut()
  expect(await hanging).toBe('ERR_DISCONNECTED')
  expect(await client.request('echo', 'later')).toBe('later')
})

test('what the server sends to a client that is away waits for it', async () => {
  const { transport, cut } = cuttable()
  const address = `memory:${freshName()}`
  const server = await serve(address, { transport })
  const client = await join(address, { transport, reconnect: { initialMs: 20 } })
  const got: unknown[] = []
  client.on('a', (data) => got.push(data))
  const peer = server.peers[0] as (typeof server.peers)[number]
  cut()
  await until(() => !peer.connected)
  peer.emit('a', 1)
  await peer.send('a', 2)
  expect(got).toEqual([1, 2])
})

test('a session that waits too long is forgotten, and what was for it fails', async () => {
  const address = `memory:${freshName()}`
  const { transport, cut } = cuttable()
  const server = await serve(address, { transport, sessionMs: 20 })
  await join(address, { transport, reconnect: false })
  const peer = server.peers[0] as (typeof server.peers)[number]
  peer.join('room')
  cut()
  expect(await codeOf(peer.send('a', 1))).toBe('ERR_DISCONNECTED')
  expect([server.sessionCount, peer.rooms]).toEqual([0, []])
})

test('at most maxSessions wait; the oldest goes', async () => {
  const address = `memory:${freshName()}`
  const { transport, cut } = cuttable()
  const server = await serve(address, { transport, maxSessions: 3 })
  for (let at = 0; at < 6; at++) {
    await join(address, { transport, reconnect: false })
    cut()
    await until(() => server.peers.length === 0)
  }
  expect(server.sessionCount).toBe(3)
})

const offline = async (
  options: ClientOptions,
): Promise<{
  client: ReturnType<typeof watched<AnyMap>>
  got: unknown[]
  come: () => Promise<unknown>
}> => {
  const address = `memory:${freshName()}`
  const client = watched(EventClient.open(address, { reconnect: fast, ...options }))
  const got: unknown[] = []
  return {
    client,
    got,
    come: async () => {
      const server = await serve(address)
      server.on('a', (data) => got.push(data))
      const connected = client.connected ? undefined : client.once('connect')
      await connected
      await client.ping()
      return server
    },
  }
}

describe('queues', () => {
  test('wait: emit says false when full and then throws; send waits for room', async () => {
    const { client, got, come } = await offline({ offline: { policy: 'wait', limit: 3 } })
    expect([client.emit('a', 1), client.emit('a', 2), client.emit('a', 3)]).toEqual([true, true, false])
    expect(codeOfCall(() => client.emit('a', 4))).toBe('ERR_QUEUE_FULL')
    const waiting = [client.send('a', 5), client.send('a', 6)]
    const drained = client.once('drain')
    await come()
    await Promise.all([...waiting, drained])
    expect(got).toEqual([1, 2, 3, 5, 6])
  })

  test('drop-new drops the new, drop-old the old, and both count', async () => {
    for (const [policy, kept] of [
      ['drop-new', [1, 2]],
      ['drop-old', [3, 4]],
    ] as const) {
      const { client, got, come } = await offline({ offline: { policy, limit: 2 } })
      for (const data of [1, 2, 3, 4]) client.emit('a', data)
      expect(client.dropped).toBe(2)
      await come()
      expect(got).toEqual(kept)
    }
  })

  test('a send that is dropped says so', async () => {
    const old = await offline({ offline: { policy: 'drop-old', limit: 1 } })
    const first = codeOf(old.client.send('a', 1))
    const second = old.client.send('a', 2)
    expect(await first).toBe('ERR_DROPPED')
    await old.come()
    await second
    expect(old.got).toEqual([2])
    const late = await offline({ offline: { policy: 'drop-new', limit: 1 } })
    const kept = late.client.send('a', 1)
    expect(await codeOf(late.client.send('a', 2))).toBe('ERR_DROPPED')
    await late.come()
    await kept
  })

  test('fail refuses at once', async () => {
    const { client, come, got } = await offline({ offline: { policy: 'fail', limit: 1 } })
    client.emit('a', 1)
    expect(codeOfCall(() => client.emit('a', 2))).toBe('ERR_QUEUE_FULL')
    expect(await codeOf(client.send('a', 3))).toBe('ERR_QUEUE_FULL')
    await come()
    expect(got).toEqual([1])
  })

  test('limits are in bytes too', async () => {
    const { client } = await offline({ offline: { policy: 'drop-new', limit: 1000, limitBytes: 10_000 } })
    for (let at = 0; at < 100; at++) client.emit('a', 'x'.repeat(1000))
    expect(client.bufferedBytes).toBeLessThanOrEqual(10_000)
    expect(client.dropped).toBeGreaterThan(80)
  })
})

describe('a consumer that does not read', () => {
  const MIB = 1024 * 1024
  const offered = process.env['UDS_LOSS'] === 'full' ? 1024 : 64

  test('emit says false, drain follows, and memory stays under the bound', async () => {
    const server = await serve()
    const client = await join(server.address)
    const events = server.events('a', { limit: 1 })
    const payload = Buffer.alloc(MIB / 4)
    let most = 0
    let sent = 0
    const total = offered * 4
    const produce = async (): Promise<void> => {
      for (; sent < total; sent++) {
        const goesOn = client.emit('a', payload)
        most = Math.max(most, client.bufferedBytes)
        if (!goesOn) await client.once('drain')
      }
    }
    const produced = produce()
    // Nobody reads: the sender stops long before everything is said.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const stoppedAt = sent
    expect(stoppedAt).toBeLessThan(Math.min(total, 40))
    let got = 0
    for await (const { data } of events) {
      expect((data as Buffer).length).toBe(payload.length)
      if (++got === total) break
    }
    await produced
    expect(most).toBeLessThanOrEqual(256 * 1024 + payload.length + 1024)
  }, 60_000)

  test('a sender that does not listen to false is stopped by the bound', async () => {
    const server = await serve()
    const client = await join(server.address, { outgoing: { limitBytes: MIB } })
    server.events('a', { limit: 1 })
    await client.ping()
    const blast = (): void => {
      for (let at = 0; at < offered * 1024; at++) client.emit('a', 'x'.repeat(1024))
    }
    expect(codeOfCall(blast)).toBe('ERR_QUEUE_FULL')
    expect(client.bufferedBytes).toBeLessThan(2 * MIB)
  })

  test('drop-old keeps the newest, and what is acknowledged', async () => {
    const server = await serve()
    const client = await join(server.address, {
      highWaterMark: 16_384,
      outgoing: { policy: 'drop-old', limitBytes: 64 * 1024 },
    })
    const events = server.events(undefined, { limit: 1 })
    for (let at = 0; at < 20_000; at++) client.emit('a', at)
    expect(client.dropped).toBeGreaterThan(0)
    expect(client.bufferedBytes).toBeLessThan(MIB)
    let last: unknown
    for await (const { data } of events) {
      last = data
      if (data === 19_999) break
    }
    expect(last).toBe(19_999)
  })

  test('a broadcast ends the connection of a client that does not read, and no other', async () => {
    const server = await serve(usual(), { outgoing: { limitBytes: MIB } })
    const slow = await join(server.address, { name: 'slow', reconnect: false })
    const quick = await join(server.address, { name: 'quick' })
    slow.events('a', { limit: 1 })
    let got = 0
    quick.on('a', () => got++)
    const left = new Promise<unknown[]>((resolve) => server.on('disconnect', (...args) => resolve(args)))
    let sent = 0
    while (server.peers.length === 2) {
      server.broadcast('a', 'x'.repeat(10_000))
      sent++
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [peer, reason] = (await left) as [{ name: string }, { code: string }]
    expect([peer.name, reason.code]).toEqual(['slow', 'ERR_SLOW_CONSUMER'])
    await until(() => got === sent)
  })

  test('replies that are not read end the connection of who asks', async () => {
    const server = await serve(usual(), { outgoing: { limitBytes: 256 * 1024 } })
    server.handle('big', () => Buffer.alloc(MIB))
    const client = await join(server.address, { reconnect: false })
    client.events('a', { limit: 1 })
    const held = client.once('a')
    server.broadcast('a', 1)
    await held
    const asked = Array.from({ length: 20 }, () => codeOf(client.request('big')))
    const reason = await new Promise<unknown>((resolve) =>
      server.on('disconnect', (_peer, why) => resolve(why)),
    )
    expect((reason as { code: string }).code).toBe('ERR_SLOW_CONSUMER')
    await client.close({ graceMs: 0 })
    await Promise.all(asked)
  })
})

describe('closing', () => {
  test('close waits for what was sent and asked, on both ends', async () => {
    const address = usual()
    const server = await serve(address)
    let done = 0
    let finish = Promise.withResolvers<void>()
    server.on('a', async () => {
      await finish.promise
      done++
    })
    server.handle('slow', async () => {
      await finish.promise
      return 'answer'
    })
    const client = await join(server.address)
    const sent = client.send('a', 1)
    const asked = client.request('slow')
    client.emit('a', 2)
    const closed = client.close()
    finish.resolve()
    await closed
    await sent
    expect(await asked).toBe('answer')
    await until(() => done === 2)
    finish = Promise.withResolvers()
    const other = await join(server.address, { reconnect: false })
    const last = other.request('slow')
    await other.ping()
    const ended = server.close()
    finish.resolve()
    await ended
    expect(await last).toBe('answer')
  })

  test('after graceMs the rest is given up, with ERR_CLOSED', async () => {
    const server = await serve()
    server.on('a', () => new Promise(() => {}))
    const client = await join(server.address)
    const sent = codeOf(client.send('a', 1))
    await client.close({ graceMs: 20 })
    expect(await sent).toBe('ERR_CLOSED')
    expect(codeOfCall(() => client.emit('a', 1))).toBe('ERR_CLOSED')
    expect(await codeOf(client.request('x'))).toBe('ERR_CLOSED')
    await client.close()
    await server.close({ graceMs: 20 })
    await server.close()
  })

  test('everything that was emitted before close arrives', async () => {
    const server = await serve()
    let got = 0
    server.on('a', () => got++)
    const client = await join(server.address)
    for (let at = 0; at < 5000; at++) client.emit('a', at)
    await client.close()
    await until(() => got === 5000)
    expect(got).toBe(5000)
  })

  test('a close on purpose is told as such, and the session is forgotten', async () => {
    const server = await serve()
    const client = await join(server.address)
    const gone = server.once('disconnect')
    await client.close()
    const [, reason] = await gone
    expect(reason).toMatchObject({ code: 'ERR_CLOSED' })
    expect(server.sessionCount).toBe(0)
  })

  test('a peer that is sent away does not come back, and knows why', async () => {
    const server = await serve()
    const client = await join(server.address, { reconnect: fast })
    const closed = client.once('close')
    server.peers[0]?.disconnect('bad manners')
    const [reason] = await closed
    expect(reason).toMatchObject({ code: 'ERR_DISCONNECTED_BY_SERVER' })
    expect(reason?.message).toContain('bad manners')
  })
})

describe('reconnecting', () => {
  test('a client that is opened before its server connects when it comes', async () => {
    const address = `memory:${freshName()}`
    const client = watched(EventClient.open(address, { reconnect: fast }))
    const sent = client.send('a', 1)
    const server = await serve(address)
    server.on('a', () => {})
    expect(await sent).toBeUndefined()
  })

  test('retryUntilMs waits for a server, but not for ever', async () => {
    const address = `memory:${freshName()}`
    const late = EventClient.connect(address, { retryUntilMs: 10_000 })
    await serve(address)
    const client = watched(await late)
    expect(client.connected).toBe(true)
    expect(await codeOf(EventClient.connect(`memory:${freshName()}`, { retryUntilMs: 20 }))).toBe(
      'ECONNREFUSED',
    )
  })

  test('connect can be aborted', async () => {
    const controller = new AbortController()
    const waiting = EventClient.connect(`memory:${freshName()}`, {
      retryUntilMs: 60_000,
      signal: controller.signal,
    })
    setImmediate(() => controller.abort(new Error('never mind')))
    await expect(waiting).rejects.toThrow('never mind')
  })

  test('with reconnect: false a lost connection is the end', async () => {
    const { transport, cut } = cuttable()
    const server = await serve(`memory:${freshName()}`, { transport })
    const client = await join(server.address, { transport, reconnect: false })
    const closed = client.once('close')
    const sent = codeOf(client.request('nobody'))
    cut()
    await closed
    expect(client.closed).toBe(true)
    await sent
  })

  test.skipIf(!unix.capabilities.listen)(
    'a server that is started again on its socket file is found at once',
    async () => {
      const address = usual()
      const first = await serve(address)
      // The waits alone would take a minute.
      const client = await join(address, { reconnect: { initialMs: 60_000, maxMs: 60_000, jitter: 0 } })
      const lost = client.once('disconnect')
      await first.close({ graceMs: 0 })
      await lost
      const back = client.once('connect')
      await serve(address)
      expect(await back).toEqual([{ resumed: false }])
    },
  )

  test('a session that goes on elsewhere takes over from the connection that is half dead', async () => {
    const address = `memory:${freshName()}`
    const server = await serve(address)
    // A transport that loses the end of the stream: the server does not notice that the client went.
    const connections: Awaited<ReturnType<typeof memory.connect>>[] = []
    const transport = {
      ...memory,
      connect: async (...args: Parameters<typeof memory.connect>) => {
        const connection = await memory.connect(...args)
        connections.push(connection)
        return connection
      },
    }
    const client = await join(address, { transport, reconnect: fast })
    await client.ping()
    const [old] = connections
    const back = client.once('connect')
    // Only this end thinks that it is over.
    old?.emit('close')
    await back
    await client.ping()
    expect(server.peers.length).toBe(1)
    await until(() => old?.destroyed === true || old?.readableEnded === true)
  })
})

// PROTOCOL.md H5
test('keep-alive finds a peer that is silent, not one that has nothing to say', async () => {
  const server = await serve(usual(), { keepAliveMs: 20 })
  const idle = await join(server.address, { name: 'idle' })
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(idle.connected).toBe(true)
  // A transport that stops to carry anything, without an error.
  const deaf = {
    ...memory,
    connect: async (...args: Parameters<typeof memory.connect>) => {
      const connection = await memory.connect(...args)
      setTimeout(() => {
        connection.removeAllListeners('data')
        connection.on('data', () => {})
      }, 30)
      return connection
    },
  }
  const quiet = await serve(`memory:${freshName()}`)
  const client = await join(quiet.address, { transport: deaf, keepAliveMs: 20, reconnect: false })
  const [reason] = await client.once('disconnect')
  expect(reason).toMatchObject({ code: 'ERR_KEEPALIVE_TIMEOUT' })
})

test('a reader that holds its connection on purpose is not dead, nor is its sender', async () => {
  const server = await serve(usual(), { keepAliveMs: 20 })
  const client = await join(server.address)
  const events = server.events('a', { limit: 1 })
  client.emit('a', 1)
  client.emit('a', 2)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(client.connected).toBe(true)
  expect((await events.next()).value).toMatchObject({ data: 1 })
})

test('many ends that open and close leave nothing open', async () => {
  const { expectNoLeak } = await import('@uds/testkit')
  await expectNoLeak(
    async () => {
      const server = await EventServer.listen(usual())
      server.handle('echo', (input) => input)
      const client = await EventClient.connect(server.address)
      await client.request('echo', 1)
      await client.close()
      await server.close()
    },
    { times: 30 },
  )
})
