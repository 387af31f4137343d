import { codeOf, until } from '@uds/testkit'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { EventClient, EventServer, RemoteError } from '@uds/events'
import { join, serve, usual, ways } from './fixtures/ends.ts'

interface Chat {
  events: { say: { from: string; text: string }; bytes: Uint8Array; nothing: undefined }
  toClient: { news: string }
  requests: {
    who(): string[]
    add(input: { a: number; b: number }): number
    slow(ms: number): string
    hang(): void
    count(upTo: number): AsyncIterable<number>
    fail(code: string): never
  }
  clientRequests: { age(): number }
}

describe.each(ways)('over %s', (_, address) => {
  test('events arrive in order, in both directions', async () => {
    const server = await serve<Chat>(address())
    const got: string[] = []
    server.on('say', ({ text }) => got.push(text))
    const client = await join<Chat>(server.address)
    const texts = Array.from({ length: 1000 }, (_unused, at) => `${at} é 漢字 😀`)
    for (const text of texts) client.emit('say', { from: 'a', text })
    await until(() => got.length === texts.length)
    expect(got).toEqual(texts)
    const back: string[] = []
    client.on('news', (text) => back.push(text))
    for (const text of texts) server.peers[0]?.emit('news', text)
    await until(() => back.length === texts.length)
    expect(back).toEqual(texts)
  })

  test('send resolves after the listener, also an asynchronous one, is done', async () => {
    const server = await serve<Chat>(address())
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    server.on('say', async () => {
      begun.resolve()
      await finish.promise
    })
    const client = await join<Chat>(server.address)
    let resolved = false
    const sent = client.send('say', { from: 'a', text: 'kept' }).then(() => (resolved = true))
    await begun.promise
    // What the server has written since then would have arrived with the answer.
    await client.ping()
    expect(resolved).toBe(false)
    finish.resolve()
    await sent
  })

  test('a request is answered with a value, a promise, or an error with its code', async () => {
    const server = await serve<Chat>(address())
    server.handle('add', ({ a, b }) => a + b)
    server.handle('who', async () => server.peers.map(({ name }) => name ?? ''))
    server.handle('fail', (code) => {
      throw Object.assign(new TypeError('no such thing'), { code })
    })
    const client = await join<Chat>(server.address, { name: 'ann' })
    expect(await client.request('add', { a: 1, b: 2 })).toBe(3)
    expect(await client.request('who')).toEqual(['ann'])
    const error: unknown = await client.request('fail', 'E_MINE').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ message: 'no such thing', code: 'E_MINE', remoteName: 'TypeError' })
    expect((error as Error).stack).not.toContain('messages.test.ts:48')
    expect(await codeOf(client.request('hang'))).toBe('ERR_NO_HANDLER')
  })

  test('requests are methods of call', async () => {
    const server = await serve<Chat>(address())
    server.handle('add', ({ a, b }) => a + b)
    server.handle('hang', () => new Promise(() => {}))
    const client = await join<Chat>(server.address)
    expect(await client.call.add({ a: 1, b: 2 })).toBe(3)
    expect(await codeOf(client.call.hang({ timeoutMs: 20 }))).toBe('ETIMEDOUT')
    expect(await codeOf(client.call.who())).toBe('ERR_NO_HANDLER')
    expect(await Promise.resolve(client.call)).toBe(client.call)
  })

  test('the server asks a client', async () => {
    const server = await serve<Chat>(address())
    const client = await join<Chat>(server.address)
    client.handle('age', () => 42)
    expect(await server.peers[0]?.request('age', { timeoutMs: 5000 })).toBe(42)
  })

  test('a stream of replies arrives whole and in order', async () => {
    const server = await serve<Chat>(address())
    server.handle('count', async function* (upTo) {
      for (let at = 0; at < upTo; at++) yield at
    })
    const client = await join<Chat>(server.address)
    const got: number[] = []
    for await (const item of client.stream('count', 500, { window: 7 })) got.push(item)
    expect(got).toEqual(Array.from({ length: 500 }, (_unused, at) => at))
  })

  test('bytes arrive as they are, small and large, and stay as they are', async () => {
    const server = await serve<Chat>(address())
    const got: Uint8Array[] = []
    server.on('bytes', (bytes) => got.push(bytes))
    const client = await join<Chat>(server.address)
    const sent = [0, 1, 100, 16_383, 16_384, 70_000, 3_000_000].map((size) => Buffer.alloc(size, size % 251))
    for (const bytes of sent) client.emit('bytes', bytes)
    await until(() => got.length === sent.length)
    // A lot that follows must not write over what was given out.
    for (let at = 0; at < 2000; at++) client.emit('bytes', Buffer.alloc(300, 7))
    await until(() => got.length === sent.length + 2000)
    expect(got.slice(0, sent.length).map((bytes, at) => Buffer.compare(bytes, sent[at] as Buffer))).toEqual(
      sent.map(() => 0),
    )
  })

  test('bytes that a client keeps stay as they are', async () => {
    const server = await serve<Chat>(address())
    const client = await join<Chat>(server.address)
    const got: Uint8Array[] = []
    client.on('bytes', (bytes) => got.push(bytes))
    for (let at = 0; at < 3000; at++) server.broadcast('bytes', Buffer.alloc(100, at % 251))
    await until(() => got.length === 3000)
    expect(got.every((bytes, at) => bytes.every((byte) => byte === at % 251))).toBe(true)
  })

  test('a leave does not overtake the join before it, on which the server is still deciding', async () => {
    const server = await serve<Chat>(address(), { joinable: async () => true })
    const client = await join<Chat>(server.address)
    const joining = client.join('red')
    const again = client.join('blue')
    await client.leave('red')
    await Promise.all([joining, again])
    expect(server.peers[0]?.rooms).toEqual(['blue'])
  })

  test('broadcast reaches everybody but the excepted, rooms only those in them', async () => {
    const server = await serve<Chat>(address(), { joinable: (_peer, room) => room !== 'secret' })
    const names = ['a', 'b', 'c']
    const got: string[] = []
    const clients = await Promise.all(
      names.map(async (name) => {
        const client = await join<Chat>(server.address, { name, codec: name === 'b' ? 'msgpack' : 'json' })
        client.on('news', (text) => got.push(`${name}:${text}`))
        return client
      }),
    )
    const peer = (name: string): NonNullable<(typeof server.peers)[number]> => {
      const found = server.peers.find((each) => each.name === name)
      if (found === undefined) throw new Error(`no ${name}`)
      return found
    }
    server.broadcast('news', '1', { except: peer('a') })
    await clients[0]?.join('odd')
    peer('c').join('odd')
    expect(await codeOf((clients[1] as (typeof clients)[0]).join('secret'))).toBe('ERR_UNAUTHORIZED')
    server.to('odd').emit('news', '2')
    server.to('odd').except(peer('c')).emit('news', '3')
    await clients[0]?.leave('odd')
    server.to('odd', 'nobody').emit('news', '4')
    expect(peer('c').rooms).toEqual(['odd'])
    await Promise.all(clients.map((client) => client.ping()))
    expect(got.sort()).toEqual(['a:2', 'a:3', 'b:1', 'c:1', 'c:2', 'c:4'])
  })

  test.each(['json', 'msgpack'] as const)('%s carries every kind of value', async (codec) => {
    const server = await serve(address())
    server.handle('echo', (input) => input)
    const client = await join(server.address, { codec })
    for (const value of [
      '',
      'text',
      'é',
      '漢',
      0,
      -1.5,
      true,
      null,
      undefined,
      [],
      [1, 'a'],
      { a: { b: [1] } },
    ]) {
      expect(await client.request('echo', value)).toEqual(value)
    }
  })
})

test('an input that is undefined, and options in second place, are told apart', async () => {
  const server = await serve()
  server.handle('echo', (input) => ({ input }))
  const client = await join(server.address)
  expect(await client.request('echo', { timeoutMs: 1000 })).toEqual({})
  expect(await client.request('echo', { timeoutMs: 1000 }, {})).toEqual({ input: { timeoutMs: 1000 } })
  expect(await client.request('echo', { timeoutMs: 1000, other: 1 })).toEqual({
    input: { timeoutMs: 1000, other: 1 },
  })
})

test('a timeout is ETIMEDOUT here and an aborted signal there', async () => {
  const server = await serve<Chat>()
  let aborted = false
  server.handle('slow', (_ms, { signal }) => {
    signal.addEventListener('abort', () => (aborted = true))
    return new Promise<string>(() => {})
  })
  const client = await join<Chat>(server.address)
  expect(await codeOf(client.request('slow', 1, { timeoutMs: 30 }))).toBe('ETIMEDOUT')
  await until(() => aborted)
  const controller = new AbortController()
  aborted = false
  const asked = client.request('slow', 1, { signal: controller.signal })
  await client.ping()
  controller.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
  await until(() => aborted)
  await expect(client.request('slow', 1, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
    'before',
  )
})

test('the reader of a stream holds the writer back, and break stops it', async () => {
  const server = await serve<Chat>()
  let made = 0
  let ended = false
  server.handle('count', async function* () {
    try {
      for (;;) yield made++
    } finally {
      ended = true
    }
  })
  const client = await join<Chat>(server.address)
  for await (const item of client.stream('count', 0, { window: 10 })) {
    if (item === 3) break
    await client.ping()
  }
  await until(() => ended)
  expect(made).toBeLessThan(30)
})

test('an error in a stream comes after the items before it', async () => {
  const server = await serve<Chat>()
  server.handle('count', async function* () {
    yield 1
    throw Object.assign(new Error('broken'), { code: 'E_BROKEN' })
  })
  const client = await join<Chat>(server.address)
  const got: number[] = []
  const read = async (): Promise<void> => {
    for await (const item of client.stream('count', 0)) got.push(item)
  }
  expect(await codeOf(read())).toBe('E_BROKEN')
  expect(got).toEqual([1])
})

test('request and stream do not take the one for the other', async () => {
  const server = await serve()
  server.handle('stream', async function* () {
    yield 1
  })
  server.handle('value', () => 1)
  const client = await join(server.address)
  expect(await codeOf(client.request('stream'))).toBe('ERR_HANDLER_FAILED')
  expect(await codeOf(client.stream('value').next())).toBe('ERR_HANDLER_FAILED')
})

test('a listener that throws harms nobody else, and is reported', async () => {
  const server = await serve()
  const got: unknown[] = []
  server.on('a', () => {
    throw new Error('first')
  })
  server.on('a', (data) => got.push(data))
  server.on('a', async () => {
    throw new Error('third')
  })
  const client = await join(server.address)
  client.emit('a', 1)
  client.emit('a', 2)
  await client.ping()
  await until(() => server.errors.length === 4)
  expect(got).toEqual([1, 2])
  expect(server.errors.map(({ message }) => message).sort()).toEqual(['first', 'first', 'third', 'third'])
  await expect(client.send('a', 3)).rejects.toThrow('first')
  expect(await codeOf(client.send('nobody', 3))).toBe('ERR_NO_HANDLER')
})

test('without an error listener a throwing handler is a warning of the process', async () => {
  const server = await EventServer.listen(usual())
  const client = await EventClient.connect(server.address)
  try {
    server.on('a', () => {
      throw new Error('unheard')
    })
    const warned = once(process, 'warning')
    client.emit('a', 1)
    expect(await warned).toMatchObject([{ name: 'UdsEventsWarning', message: 'unheard' }])
  } finally {
    await client.close()
    await server.close()
  }
})

test('once is once, off is off', async () => {
  const server = await serve()
  const got: unknown[] = []
  const listener = (data: unknown): unknown => got.push(data)
  server.once('a', listener)
  server.on('b', listener)
  const client = await join(server.address)
  client.emit('a', 1)
  client.emit('a', 2)
  client.emit('b', 3)
  await client.ping()
  server.off('b', listener)
  client.emit('b', 4)
  await client.ping()
  expect(got).toEqual([1, 3])
})

test('what the server says with its welcome finds the listeners that follow the await', async () => {
  const server = await serve()
  server.on('connection', (peer) => peer.emit('hello', 'early'))
  const client = await join(server.address)
  const got = new Promise((resolve) => client.on('hello', resolve))
  expect(await got).toBe('early')
})

test('events() gives events, holds the sender back, and acknowledges what was read', async () => {
  const server = await serve()
  const client = await join(server.address, { maxUnacknowledged: 100_000 })
  const events = server.events('item', { limit: 4 })
  let acknowledged = 0
  const total = 50
  const sent = Array.from({ length: total }, (_, at) => client.send('item', at).then(() => acknowledged++))
  const got: unknown[] = []
  for await (const { data, peer, name } of events) {
    expect([name, peer]).toEqual(['item', server.peers[0]])
    got.push(data)
    expect(acknowledged).toBeLessThan(got.length)
    if (got.length === total) break
  }
  await Promise.all(sent)
  expect(got).toEqual(Array.from({ length: total }, (_, at) => at))
})

test('events() without a name gives all events, and ends with the client', async () => {
  const server = await serve()
  const client = await join(server.address)
  const events = client.events()
  server.broadcast('a', 1)
  server.broadcast('b', 2)
  expect((await events.next()).value).toMatchObject({ name: 'a', data: 1 })
  expect((await events.next()).value).toMatchObject({ name: 'b', data: 2 })
  const last = events.next()
  await client.close()
  expect(await last).toEqual({ value: undefined, done: true })
})

test('emit in an event of its own answers through the peer', async () => {
  const server = await serve<Chat>()
  server.on('say', (message, peer) => peer.emit('news', `${message.from} said ${message.text}`))
  const client = await join<Chat>(server.address)
  const news = new Promise((resolve) => client.once('news', resolve))
  client.emit('say', { from: 'ann', text: 'hi' })
  expect(await news).toBe('ann said hi')
})

test('a codec of the user plugs in', async () => {
  const upper = {
    name: 'upper',
    kind: 'text' as const,
    encode: (value: unknown) => String(value).toUpperCase(),
    decode: (text: string) => text,
  }
  const server = await serve(usual(), { codecs: [upper] })
  server.handle('echo', (input) => input)
  const client = await join(server.address, { codec: upper })
  expect(await client.request('echo', 'abc')).toBe('ABC')
  expect(await codeOf(EventClient.connect(server.address, { codec: 'json' }))).toBe('ERR_UNSUPPORTED_CODEC')
})
