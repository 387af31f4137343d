import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { connect } from '@uds/stream'
import { codeOf, freshName, until } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type WebSocket as Socket, WebSocketServer } from 'ws'
import { EventClient, type StreamPair } from '@uds/events/web'
import type { EventServer, WebSocketOptions } from '@uds/events'
import { type Reports, serve } from './fixtures/ends.ts'
import { accepting, type AnyClient, playedToClient } from './vectors/play.ts'
import type { Parts, Vectors } from './vectors/shape.ts'
import { file } from './vectors/vectors.ts'

const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const named = <T extends { readonly what: string }>(list: readonly T[]): (readonly [string, T])[] =>
  list.map((each) => [each.what, each])
const joined = (parts: Parts): string =>
  parts.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')

/** A pair of web streams to an address. */
const pairTo = (address: string) => async (): Promise<StreamPair> => Duplex.toWeb(await connect(address))

/** Connects the client for browsers. */
const webClient = (address: string): Promise<AnyClient> =>
  EventClient.connect(pairTo(address), options) as Promise<AnyClient>

const options = { maxFrame: 65_536, keepAliveMs: 0, reconnect: { initialMs: 1, maxMs: 1 } }

describe('a session of the vectors, tried with the client for browsers', () => {
  test.each(named(vectors.sessions.filter(({ roles }) => roles.includes('client'))))(
    '%s',
    async (_what, session) => {
      expect(await playedToClient(session, webClient)).toEqual(session.heard.client)
    },
  )
})

describe('what the client for browsers refuses', () => {
  test.each(named(vectors.refusals.filter(({ reader }) => reader === 'client')))(
    '%s',
    async (_what, { bytes, code }) => {
      const address = `memory:${freshName()}`
      const server = await accepting(address)
      const connecting = EventClient.connect(pairTo(address), { reconnect: false, keepAliveMs: 0 })
      const client = codeOf(connecting)
      const wire = await server.next()
      wire.write(joined(bytes))
      expect(await wire.goodbye()).toBe(code)
      expect(['no error', code]).toContain(await client)
      await connecting.then(
        (each) => each.close({ graceMs: 0 }),
        () => {},
      )
    },
  )
})

/** A server that browsers reach by WebSockets, and its URL. */
const bridged = async (
  over: Partial<WebSocketOptions> = {},
): Promise<{ server: EventServer & Reports; url: string; sockets: Set<Socket> }> => {
  const server = await serve(`memory:${freshName()}`, { joinable: () => true })
  const http = createServer().listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket, request) => {
    server.acceptWebSocket(socket, request, { origins: '*', names: '*', ...over })
  })
  await once(http, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    http.close()
  })
  return { server, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, sockets: sockets.clients }
}

const join = async (url: string, over: object = {}): Promise<EventClient> => {
  const client = await EventClient.connect(url, { reconnect: { initialMs: 1, maxMs: 5 }, ...over })
  onTestFinished(() => client.close({ graceMs: 0 }))
  return client
}

describe('over a WebSocket', () => {
  test('events, acknowledged messages, requests both ways, streams both ways, rooms', async () => {
    const { server, url } = await bridged()
    server.on('say', (data, peer) => server.broadcast('said', [data, peer.name]))
    server.handle('echo', (input) => input)
    server.handle('count', function* (upTo) {
      for (let at = 0; at < (upTo as number); at++) yield at
    })
    server.handle('sum', async (input) => {
      let sum = 0
      for await (const each of input as AsyncIterable<number>) sum += each
      return sum
    })
    const client = await join(url, { name: 'page' })
    const heard = client.once('said')
    await client.send('say', 'grüße 漢字')
    expect((await heard)[0]).toEqual(['grüße 漢字', 'page'])
    expect(await client.request('echo', { a: [1, null] })).toEqual({ a: [1, null] })
    expect(await client.request('echo')).toBeUndefined()
    const bytes = new Uint8Array(1 << 20).fill(5)
    expect(await client.request('echo', bytes)).toEqual(bytes)
    expect(await client.call['echo']?.('by its name')).toBe('by its name')
    const items: unknown[] = []
    for await (const item of client.stream('count', 500)) items.push(item)
    expect(items).toHaveLength(500)
    expect(await client.request('sum', ReadableStream.from([1, 2, 3]))).toBe(6)
    client.handle('twice', (input) => (input as number) * 2)
    client.handle('letters', (text) => text as string)
    const [peer] = server.peers
    expect(await peer?.request('twice', 21)).toBe(42)
    await client.join('room')
    const inRoom = client.once('said')
    server.to('room').emit('said', 'here')
    expect((await inRoom)[0]).toBe('here')
  })

  test('a cut: what was sent arrives once, the client comes back by itself', async () => {
    const { server, url, sockets } = await bridged()
    const got: unknown[] = []
    server.on('say', (data) => void got.push(data))
    const client = await join(url)
    const sent: Promise<void>[] = []
    for (let at = 0; at < 2000; at++) {
      sent.push(client.send('say', at))
      if (at % 500 === 499) {
        await sent[at - 20]
        for (const socket of sockets) socket.terminate()
      }
    }
    await Promise.all(sent)
    expect(got).toEqual(Array.from({ length: 2000 }, (_, at) => at))
  })

  test('a server that does not read holds the client: emit says false, then drain', async () => {
    const { server, url, sockets } = await bridged()
    let got = 0
    server.on('big', () => void got++)
    const client = await join(url)
    for (const socket of sockets) socket.pause()
    let sent = 0
    while (client.emit('big', 'x'.repeat(100_000))) sent++
    const drained = client.once('drain')
    for (const socket of sockets) socket.resume()
    await drained
    await until(() => got === sent + 1)
    // What does not fit is refused, and not kept without bound.
    const full = (): void => {
      for (;;) client.emit('big', 'x'.repeat(1_000_000))
    }
    expect(full).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }))
  })
})

describe('who may come in, and what may pass', () => {
  test('an origin that is not listed is closed before it says anything', async () => {
    const { server, url } = await bridged({ origins: ['https://app.example'] })
    expect(await codeOf(EventClient.connect(url, { reconnect: false }))).toBe('ERR_DISCONNECTED')
    expect(server.peers).toEqual([])
  })

  test('a token that is not listed is refused with a reason', async () => {
    const { url } = await bridged({ tokens: ['secret', 'other'] })
    for (const token of [undefined, '', 'wrong'])
      expect(await codeOf(EventClient.connect(url, { token }))).toBe('ERR_UNAUTHORIZED')
    expect((await join(url, { token: 'other' })).connected).toBe(true)
  })

  test('a name that is not listed ends the client that uses it, and hides what the server says by it', async () => {
    const { server, url } = await bridged({ names: ['say', 'said', 'ask'] })
    server.on('say', (data) => server.broadcast('said', data))
    server.on('delete', () => expect.unreachable())
    const client = await join(url, { reconnect: false })
    client.on('secret', () => expect.unreachable())
    client.handle('hidden', () => expect.unreachable())
    client.handle('ask', () => 'yes')
    const [peer] = server.peers
    server.broadcast('secret', 1)
    expect(await codeOf(peer?.send('secret', 2) as Promise<void>)).toBe('ERR_NO_HANDLER')
    expect(await codeOf(peer?.request('hidden', 2) as Promise<unknown>)).toBe('ERR_NO_HANDLER')
    expect(await peer?.request('ask')).toBe('yes')
    const heard = client.once('said')
    await client.send('say', 'hi')
    expect((await heard)[0]).toBe('hi')
    const closed = client.once('close')
    client.emit('delete', 1)
    expect((await closed)[0]).toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  })

  test('text, and what is no protocol, is closed; wrong options are refused in words', async () => {
    const { server, url, sockets } = await bridged()
    const socket = new WebSocket(url)
    await once(socket, 'open')
    const closed = once(socket, 'close')
    socket.send('{"type":"hello"}')
    await closed
    await until(() => sockets.size === 0)
    expect(server.peers).toEqual([])
    expect(() => server.acceptWebSocket({} as never, { headers: {} }, { names: '*' } as never)).toThrow(
      /origins/,
    )
    await expect(EventClient.connect(url, { tokn: 'x' } as object)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})
