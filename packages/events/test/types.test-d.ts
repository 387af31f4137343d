import { Readable } from 'node:stream'
import { expectTypeOf } from 'vitest'
import {
  contract,
  EventClient,
  EventServer,
  type InferMap,
  type ServerPeer,
  type StandardSchema,
} from '@uds/events'

interface Chat {
  events: { say: { from: string; text: string }; ping: undefined }
  toServer: { up: number }
  toClient: { down: string }
  requests: {
    who(): string[]
    add(input: { a: number; b: number }): Promise<number>
    wait(input: { timeoutMs: number }): void
    count(upTo: number): AsyncIterable<number>
    upload(parts: AsyncIterable<Uint8Array>): number
    talk(lines: AsyncIterable<string>): AsyncIterable<string>
  }
  clientRequests: { age(): number }
}

declare const server: EventServer<Chat>
declare const client: EventClient<Chat>
declare const peer: ServerPeer<Chat>
declare const dotted: EventServer<{
  events: { 'sensor.a': number; 'sensor.b': string; 'sensor.a.on': boolean; 'door.state': Date }
}>

export const uses = async (): Promise<void> => {
  expectTypeOf(await EventServer.listen<Chat>('chat')).toEqualTypeOf<EventServer<Chat>>()
  expectTypeOf(await EventClient.connect<Chat>('chat', { codec: 'msgpack' })).toEqualTypeOf<
    EventClient<Chat>
  >()

  client.emit('say', { from: 'a', text: 'b' })
  client.emit('ping')
  client.emit('up', 1)
  await client.send('up', 1)
  peer.emit('down', 'x')
  server.broadcast('down', 'x', { except: peer })
  server.broadcast('ping')
  server.to('room').emit('down', 'x')
  // @ts-expect-error -- the data of another event
  client.emit('say', { from: 'a' })
  // @ts-expect-error -- data is missing
  client.emit('say')
  // @ts-expect-error -- only the server may say it
  client.emit('down', 'x')
  // @ts-expect-error -- only clients may say it
  peer.emit('up', 1)
  // @ts-expect-error -- only clients may say it
  server.broadcast('up', 1)
  // @ts-expect-error -- no such event
  client.emit('shout', 1)
  // @ts-expect-error -- of another type
  await client.send('up', '1')

  client.on('down', (text, delivery) => {
    expectTypeOf(text).toEqualTypeOf<string>()
    expectTypeOf(delivery.redelivered).toEqualTypeOf<boolean>()
  })
  // Of the events that a pattern matches, the data is any of theirs.
  server.on('*', (data) =>
    expectTypeOf(data).toEqualTypeOf<number | { from: string; text: string } | undefined>(),
  )
  // @ts-expect-error -- no event of the map matches
  server.on('sensor.*', () => {})
  dotted.on('sensor.*', (data, _, { name }) => {
    expectTypeOf(data).toEqualTypeOf<number | string>()
    expectTypeOf(name).toEqualTypeOf<string>()
  })
  dotted.on('sensor.**', (data) => expectTypeOf(data).toEqualTypeOf<number | string | boolean>())
  dotted.on('*.state', (data) => expectTypeOf(data).toEqualTypeOf<Date>())
  for await (const { name, data } of dotted.events('sensor.*')) {
    expectTypeOf(name).toEqualTypeOf<'sensor.a' | 'sensor.b'>()
    expectTypeOf(data).toEqualTypeOf<number | string>()
  }
  // @ts-expect-error -- a misspelt name is no pattern
  dotted.on('sensor.c', () => {})
  expectTypeOf(client.peer('bob').request('age')).toEqualTypeOf<Promise<number>>()
  client.on('drain', () => {})
  client.on('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>())
  server.on('up', (value, from) => {
    expectTypeOf(value).toEqualTypeOf<number>()
    expectTypeOf(from).toEqualTypeOf<ServerPeer<Chat>>()
  })
  server.on('connection', (from) => expectTypeOf(from).toEqualTypeOf<ServerPeer<Chat>>())
  // @ts-expect-error -- a client does not get it
  client.on('up', () => {})
  // @ts-expect-error -- a server does not get it
  server.on('down', () => {})

  expectTypeOf(client.request('who')).toEqualTypeOf<Promise<string[]>>()
  expectTypeOf(client.request('who', { timeoutMs: 5 })).toEqualTypeOf<Promise<string[]>>()
  expectTypeOf(client.request('add', { a: 1, b: 2 })).toEqualTypeOf<Promise<number>>()
  expectTypeOf(client.request('wait', { timeoutMs: 1 }, {})).toEqualTypeOf<Promise<void>>()
  expectTypeOf(peer.request('age')).toEqualTypeOf<Promise<number>>()
  for await (const item of client.stream('count', 10)) expectTypeOf(item).toEqualTypeOf<number>()
  expectTypeOf(client.call.who()).toEqualTypeOf<Promise<string[]>>()
  expectTypeOf(client.call.add({ a: 1, b: 2 }, { timeoutMs: 5 })).toEqualTypeOf<Promise<number>>()
  // @ts-expect-error -- the input is missing
  await client.call.add()
  // @ts-expect-error -- no such request
  await client.call.ad({ a: 1, b: 2 })
  // @ts-expect-error -- a stream is asked for with stream()
  client.call.count(1)
  expectTypeOf(client.request('upload', Readable.from([]))).toEqualTypeOf<Promise<number>>()
  expectTypeOf(client.request('upload', new ReadableStream<Uint8Array>())).toEqualTypeOf<Promise<number>>()
  for await (const line of client.stream('talk', new ReadableStream<string>(), { window: 1 }))
    expectTypeOf(line).toEqualTypeOf<string>()
  server.handle('upload', async (parts) => {
    expectTypeOf(parts).toEqualTypeOf<AsyncIterable<Uint8Array>>()
    return 1
  })
  // @ts-expect-error -- the input is a stream
  await client.request('upload', new Uint8Array(1))
  // @ts-expect-error -- a stream of other items
  await client.request('upload', new ReadableStream<string>())
  // @ts-expect-error -- a list is one value
  client.stream('talk', ['a'])
  // @ts-expect-error -- the input is missing
  await client.request('add')
  // @ts-expect-error -- of another type
  await client.request('add', { a: 1 })
  // @ts-expect-error -- an input that could be taken for options needs options behind it
  await client.request('wait', { timeoutMs: 1 })
  // @ts-expect-error -- it gives a stream
  await client.request('count', 10)
  // @ts-expect-error -- it gives one reply
  client.stream('add', { a: 1, b: 2 })
  // @ts-expect-error -- asked of clients only
  await client.request('age')

  server.handle('add', ({ a, b }) => a + b)
  server.handle('add', async ({ a, b }, { peer: from, signal }) => {
    expectTypeOf(from).toEqualTypeOf<ServerPeer<Chat>>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    return a + b
  })
  server.handle('count', async function* (upTo) {
    yield upTo
  })
  client.handle('age', () => 5)
  // @ts-expect-error -- a reply of another type
  server.handle('add', () => 'three')
  // @ts-expect-error -- items of another type
  server.handle('count', async function* () {
    yield 'x'
  })

  for await (const { data, peer: from } of server.events('up')) {
    expectTypeOf(data).toEqualTypeOf<number>()
    expectTypeOf(from).toEqualTypeOf<ServerPeer<Chat>>()
  }
}

declare const text: StandardSchema<string>
declare const number: StandardSchema<number>
const made = contract({
  events: { say: text },
  toServer: { up: number },
  requests: { double: { input: number, output: number }, tick: { output: number, stream: true } },
})
type Made = InferMap<typeof made>

export const inferred = async (): Promise<void> => {
  expectTypeOf<Made['events']['say']>().toEqualTypeOf<string>()
  const typed = await EventClient.connect('x', { contract: made })
  typed.emit('say', 'x')
  expectTypeOf(await typed.request('double', 1)).toEqualTypeOf<number>()
  for await (const tick of typed.stream('tick')) expectTypeOf(tick).toEqualTypeOf<number>()
  // @ts-expect-error -- the schema says text
  typed.emit('say', 1)
  const host = await EventServer.listen('x', { contract: made })
  host.on('up', (value) => expectTypeOf(value).toEqualTypeOf<number>())
  // @ts-expect-error -- not in the contract
  host.on('down', () => {})
}

export const untyped = async (): Promise<void> => {
  const loose = await EventClient.connect('x')
  loose.emit('anything', { at: 'all' })
  expectTypeOf(await loose.request('any', 1)).toEqualTypeOf<unknown>()
  for await (const item of loose.stream('any')) expectTypeOf(item).toEqualTypeOf<unknown>()
}

/** What is wrong with a map is an error where the map is written. */
export const mistakes = async (): Promise<void> => {
  // @ts-expect-error -- a misspelt section
  await EventClient.connect<{ event: { say: string } }>('x')
  // @ts-expect-error -- a misspelt section
  await EventServer.listen<{ request: { who(): string } }>('x')
  // @ts-expect-error -- no map
  await EventClient.connect<string[]>('x')
  // @ts-expect-error -- a name that `on` uses itself
  EventServer.detached<{ events: { connect: string } }>()
  // @ts-expect-error -- two inputs
  EventClient.open<{ requests: { add(a: number, b: number): number } }>('x')
  // @ts-expect-error -- no function
  EventClient.open<{ clientRequests: { add: number } }>('x')
  // A map with every section, and the map of an untyped end.
  EventClient.open<Chat>('x')
  EventClient.open('x')
}
