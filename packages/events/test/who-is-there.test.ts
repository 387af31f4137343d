import { codeOf, until } from '@uds/testkit'
import { expect, test } from 'vitest'
import { EventClient, type NamedPeer, type PeerChange } from '@uds/events'
import { cuttable, join, serve, usual, watched } from './fixtures/ends.ts'

interface Map {
  requests: { hello(): string }
  clientRequests: {
    age(plus: number): number
    bytes(data: Uint8Array): Uint8Array
    count(upTo: number): AsyncIterable<number>
    hang(): void
  }
}

test('with uniqueNames a name has one client, until that one leaves', async () => {
  const server = await serve<Map>(usual(), { uniqueNames: true })
  const first = await join(server.address, { name: 'printer' })
  const error: unknown = await EventClient.connect(server.address, { name: 'printer' }).catch(
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({
    code: 'ERR_NAME_TAKEN',
    message: expect.stringContaining("'printer'") as string,
  })
  await join(server.address)
  await join(server.address)
  const waiting = watched(EventClient.open(server.address, { name: 'printer', reconnect: { maxMs: 20 } }))
  await waiting.once('connectError')
  expect(server.peer('printer')?.connected).toBe(true)
  await first.close()
  await waiting.once('connect')
  expect(server.peers.filter(({ name }) => name === 'printer')).toHaveLength(1)
})

test('a session that is away keeps no name, and does not come back under one that was taken', async () => {
  const { transport, cut } = cuttable()
  const server = await serve<Map>(`memory:${crypto.randomUUID()}`, { transport, uniqueNames: true })
  const away = await join(server.address, { name: 'a', transport, reconnect: { initialMs: 200, jitter: 0 } })
  const refused = new Promise<Error>((resolve) => void away.on('connectError', resolve))
  cut()
  await until(() => server.peer('a') === undefined)
  await join(server.address, { name: 'a' })
  expect(await refused).toMatchObject({ code: 'ERR_NAME_TAKEN' })
})

// PROTOCOL.md Q1 Q2
test('a client asks another by its name, where the server allows it', async () => {
  const server = await serve<Map>(usual(), {
    forwardable: (from, _to, name) => from.name === 'ann' && name !== 'hang',
  })
  const bob = await join<Map>(server.address, { name: 'bob', codec: 'msgpack' })
  bob.handle('age', (plus) => 41 + plus)
  bob.handle('bytes', (data) => Buffer.from([...data].toReversed()))
  bob.handle('count', async function* (upTo) {
    for (let at = 1; at <= upTo; at++) yield at
  })
  const ann = await join<Map>(server.address, { name: 'ann' })
  const eve = await join<Map>(server.address, { name: 'eve' })
  expect(await ann.peer('bob').request('age', 1)).toBe(42)
  expect(await ann.peer('bob').request('bytes', Buffer.from([1, 2]))).toEqual(Buffer.from([2, 1]))
  const items: number[] = []
  for await (const item of ann.peer('bob').stream('count', 200)) items.push(item)
  expect(items).toHaveLength(200)
  expect(await codeOf(ann.peer('nobody').request('age', 1))).toBe('ERR_NO_PEER')
  expect(await codeOf(eve.peer('bob').request('age', 1))).toBe('ERR_UNAUTHORIZED')
  expect(await codeOf(ann.peer('bob').request('hang'))).toBe('ERR_UNAUTHORIZED')
  const untyped = ann.peer('bob') as unknown as NamedPeer<{ clientRequests: Record<string, () => void> }>
  expect(await codeOf(untyped.request('$uds:join'))).toBe('ERR_UNAUTHORIZED')
  expect(await codeOf(untyped.request('unknown'))).toBe('ERR_NO_HANDLER')
  expect(await server.peer('bob')?.request('age', 0)).toBe(41)
  expect(server.peer('nobody')).toBeUndefined()
})

test('a caller that cancels cancels at the other client', async () => {
  const server = await serve<Map>(usual(), { forwardable: () => true })
  const bob = await join<Map>(server.address, { name: 'bob' })
  const aborted = Promise.withResolvers<void>()
  bob.handle('hang', (_, { signal }) => {
    signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => {})
  })
  const ann = await join<Map>(server.address)
  expect(await codeOf(ann.peer('bob').request('hang', { timeoutMs: 50 }))).toBe('ETIMEDOUT')
  await aborted.promise
})

test('a client watches who comes and goes, also over a lost connection', async () => {
  const { transport, cut } = cuttable()
  const server = await serve<Map>(`memory:${crypto.randomUUID()}`, {
    transport,
    visible: (_, peer) => peer.name !== 'secret',
  })
  const client = await join(server.address, { name: 'ann', transport, codec: 'raw' })
  const changes: PeerChange[] = []
  const stop = new AbortController()
  const watching = (async () => {
    for await (const change of client.watchPeers({ signal: stop.signal })) changes.push(change)
  })()
  await until(() => changes.length === 1)
  expect(changes[0]).toEqual({ joined: ['ann'], left: [], present: ['ann'] })
  const bob = await join(server.address, { name: 'bob' })
  await join(server.address, { name: 'secret' })
  await until(() => changes.length === 2)
  expect(changes[1]).toEqual({ joined: ['bob'], left: [], present: ['ann', 'bob'] })
  cut()
  await bob.close()
  const carl = await join(server.address, { name: 'carl' })
  await until(
    () => changes.at(-1)?.present.join() === 'ann,carl' || changes.at(-1)?.present.join() === 'carl,ann',
  )
  await carl.close()
  await until(() => changes.at(-1)?.left[0] === 'carl')
  stop.abort(Object.assign(new Error('enough'), { code: 'E_ENOUGH' }))
  expect(await codeOf(watching)).toBe('E_ENOUGH')
})

test('a server without visible or forwardable says so', async () => {
  const server = await serve<Map>()
  const client = await join<Map>(server.address, { name: 'ann' })
  expect(await codeOf(client.watchPeers().next())).toBe('ERR_UNAUTHORIZED')
  expect(await codeOf(client.peer('ann').request('age', 1))).toBe('ERR_UNAUTHORIZED')
})
