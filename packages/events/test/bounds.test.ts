import { describe, expect, test } from 'vitest'
import { listen } from '@uds/stream'
import { codeOf, freshName, until } from '@uds/testkit'
import { EventClient, type EventServer } from '@uds/events'
import { encodeFrame, FrameType } from '../src/wire/frame.ts'
import { preamble } from '../src/wire/handshake-messages.ts'
import { type ByHand, byHand, name } from './fixtures/by-hand.ts'
import { join, serve, usual } from './fixtures/ends.ts'

const MIB = 2 ** 20

/** Writes a block after another until it is over, or so many bytes were written; returns the most that waited. */
const flood = async (
  client: ByHand,
  server: EventServer,
  block: () => Buffer,
  over: () => boolean,
): Promise<number> => {
  let most = 0
  for (let written = 0; written < 64 * MIB && !over() && !client.connection.destroyed;) {
    const bytes = block()
    written += bytes.length
    client.connection.write(bytes)
    // Both ends are in this process: the server reads meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, ...server.peers.map(({ bufferedBytes }) => bufferedBytes))
  }
  return most
}

const request = (id: number, of: number): Buffer => encodeFrame(FrameType.request, 0, of, id, '1')
const send = (seq: number): Buffer => encodeFrame(FrameType.send, 0, 1, seq, '1')
const many = (frame: Buffer, count = 4096): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => frame))

describe('a peer that asks and does not read', () => {
  let number = 1
  const kinds: readonly (readonly [what: string, name: string, block: () => Buffer])[] = [
    ['PING', 'a', () => many(encodeFrame(FrameType.ping, 0, 0, 7, undefined))],
    [
      'SEND that is refused',
      'unheard',
      () =>
        Buffer.concat(Array.from({ length: 2048 }, () => encodeFrame(FrameType.send, 0, 1, number++, '1'))),
    ],
    [
      'SEND that is handled',
      'heard',
      () =>
        Buffer.concat(
          Array.from({ length: 2048 }, () => {
            number += 2
            return encodeFrame(FrameType.send, 0, 1, number, '1')
          }),
        ),
    ],
    ['REQUEST that nobody handles', 'unheard', () => many(encodeFrame(FrameType.request, 0, 1, 7, '1'))],
    ['REQUEST that is answered', 'echo', () => many(encodeFrame(FrameType.request, 0, 1, 7, '1'), 512)],
  ]

  test.each(kinds)('is ended, and told ERR_SLOW_CONSUMER: %s', async (_, event, block) => {
    number = 1
    const server = await serve(usual(), { outgoing: { limitBytes: MIB / 2 } })
    server.handle('echo', () => 'x'.repeat(200))
    server.on('heard', () => {})
    const lost: unknown[] = []
    server.on('disconnect', (_peer, reason) => lost.push(reason))
    const client = await byHand(server.address, { reads: false })
    client.connection.pause()
    await until(() => server.peers.length === 1)
    client.connection.write(name(1, event))
    const most = await flood(client, server, block, () => lost.length > 0)
    await until(() => lost.length > 0)
    expect(lost).toMatchObject([{ code: 'ERR_SLOW_CONSUMER' }])
    expect(most).toBeLessThan(2.5 * MIB)
  })

  // PROTOCOL.md D10 L10
  test('reads the reason when it reads on', async () => {
    const server = await serve(usual(), { outgoing: { limitBytes: 1 } })
    const client = await byHand(server.address, {})
    await until(() => client.frames.length > 0)
    client.connection.pause()
    // It reads on at once when the server ends it, as the server waits one second for that.
    const ended = (): boolean => server.peers[0]?.channel.link?.closed === true
    await flood(client, server, kinds[0]?.[2] as () => Buffer, ended)
    client.connection.resume()
    expect(await client.closed).toBe('ERR_SLOW_CONSUMER')
  })
})

describe('maxRequests', () => {
  // PROTOCOL.md L8
  test('counts handlers until they end, whatever is cancelled', async () => {
    const server = await serve(usual(), { maxRequests: 3 })
    let running = 0
    const ends: (() => void)[] = []
    server.handle('wait', async () => {
      running++
      await new Promise<void>((resolve) => ends.push(resolve))
      running--
    })
    const client = await join(server.address)
    for (let at = 0; at < 3; at++) {
      expect(await codeOf(client.request('wait', undefined, { timeoutMs: 10 }))).toBe('ETIMEDOUT')
    }
    expect(running).toBe(3)
    expect(await codeOf(client.request('wait'))).toBe('ERR_TOO_MANY_REQUESTS')
    ends.shift()?.()
    await until(() => running === 2)
    const last = codeOf(client.request('wait'))
    await until(() => ends.length === 3)
    for (const end of ends) end()
    expect(await last).toBe('no error')
  })

  test('counts a generator that hangs until it ends', async () => {
    const server = await serve(usual(), { maxRequests: 2 })
    const ends: (() => void)[] = []
    server.handle('items', async function* () {
      yield 1
      await new Promise<void>((resolve) => ends.push(resolve))
      yield 2
    })
    const client = await join(server.address)
    for (let at = 1; at <= 2; at++) {
      const items = client.stream('items')
      await items.next()
      await until(() => ends.length === at)
      await items.return?.()
    }
    await client.ping()
    expect(await codeOf(client.stream('items').next())).toBe('ERR_TOO_MANY_REQUESTS')
    for (const end of ends) end()
    await client.ping()
    expect((await client.stream('items').next()).value).toBe(1)
  })

  test('an id that is under way may not be used again; one that has ended, or was cancelled, may', async () => {
    const server = await serve()
    server.handle('wait', () => new Promise(() => {}))
    server.handle('now', () => 1)
    const client = await byHand(server.address, {})
    const frames = [name(1, 'wait'), name(2, 'now'), request(7, 2), request(7, 2), request(7, 1)]
    frames.push(encodeFrame(FrameType.cancel, 0, 0, 7, undefined), request(7, 1))
    client.connection.write(Buffer.concat([...frames, encodeFrame(FrameType.ping, 0, 0, 1, undefined)]))
    await until(() => client.frames.some(({ type }) => type === FrameType.pong))
    expect(client.code()).toBeUndefined()
    client.connection.write(request(7, 1))
    expect(await client.closed).toBe('ERR_PROTOCOL')
  })
})

// PROTOCOL.md L9
test('acknowledged messages that are being handled are bounded at the receiver, and none is lost', async () => {
  const server = await serve(usual(), { maxUnacknowledged: 10 })
  let [running, most, handled] = [0, 0, 0]
  const ends: (() => void)[] = []
  server.on('work', async () => {
    most = Math.max(most, ++running)
    await new Promise<void>((resolve) => ends.push(resolve))
    running--
    handled++
  })
  const client = await join(server.address)
  const sends = Promise.all(Array.from({ length: 200 }, (_, at) => client.send('work', at)))
  await until(() => running === 10)
  const ending = setInterval(() => ends.shift()?.(), 0)
  await sends
  clearInterval(ending)
  expect(handled).toBe(200)
  expect(most).toBe(10)
})

test('the same over a new connection, with handlers of the old one still running', async () => {
  const server = await serve(usual(), { maxUnacknowledged: 4 })
  const ends: (() => void)[] = []
  server.on('work', () => new Promise<void>((resolve) => ends.push(resolve)))
  const session = freshName()
  const first = await byHand(server.address, { session })
  first.connection.write(Buffer.concat([name(1, 'work'), ...[1, 2, 3, 4, 5].map((seq) => send(seq))]))
  await until(() => ends.length === 4)
  first.connection.destroy()
  await until(() => server.peers.length === 0)
  const second = await byHand(server.address, { session })
  second.connection.write(Buffer.concat([name(1, 'work'), ...[5, 6].map((seq) => send(seq))]))
  await until(() => second.frames.length > 0)
  expect(ends).toHaveLength(4)
  for (const end of ends) end()
  await until(() => ends.length === 6)
  expect(second.code()).toBeUndefined()
})

test('a stream whose items do not stop at the window ends the connection', async () => {
  const listener = await listen(usual())
  listener.on('connection', (connection) => {
    connection.on('error', () => {})
    connection.write(preamble())
    const welcome = { resumed: false, base: 1, next: 1, maxFrame: MIB, keepAliveMs: 0 }
    connection.write(encodeFrame(FrameType.welcome, 0, 0, -1, JSON.stringify(welcome)))
    connection.on('data', (chunk: Buffer) => {
      // The request is the last frame that the client writes; its id is behind the header.
      const at = chunk.lastIndexOf(FrameType.request)
      if (at < 0 || chunk.length < at + 12 || chunk.length > at + 20) return
      const id = chunk.readUInt32LE(at + 4)
      for (let item = 0; item < 10; item++) connection.write(encodeFrame(FrameType.item, 0, 0, id, '1'))
    })
  })
  const client = await EventClient.connect(listener.address, { reconnect: false })
  const lost = client.once('disconnect')
  const items = client.stream('items', undefined, { window: 4 })
  expect((await items.next()).value).toBe(1)
  expect(await lost).toMatchObject([{ code: 'ERR_PROTOCOL' }])
  await client.close()
  await listener.close()
})

test('a frame of millions of small values is refused before it is parsed', async () => {
  const server = await serve(usual(), { maxValues: 1000 })
  server.on('a', () => {})
  for (const [codec, payload] of [
    ['json', Buffer.from(`[${'1,'.repeat(5000)}1]`)],
    ['msgpack', Buffer.concat([Buffer.from([0xdd, 0, 0, 0x20, 0]), Buffer.alloc(0x2000, 1)])],
  ] as const) {
    const client = await byHand(server.address, { codec })
    const frame = encodeFrame(FrameType.emit, 0, 1, -1, payload)
    frame[5] = 0
    client.connection.write(Buffer.concat([name(1, 'a'), frame]))
    expect(await client.closed).toBe('ERR_TOO_MANY_VALUES')
  }
})
