import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EventClient, EventServer, LineClient, LineServer, Linker, type CodecName } from '@uds/events'
import { same, type Cases, type Place } from './case.ts'

interface Map {
  toServer: { say: string; bytes: Uint8Array }
  toClient: { told: string }
  requests: { add(numbers: [number, number]): number; count(to: number): AsyncIterable<number> }
}

const meeting = async ({ path }: Place, options: { authorize?: 'sameUser' } = {}) => {
  const server = await EventServer.listen<Map>(`unix:${path('s')}`, options)
  const client = await EventClient.connect<Map>(`unix:${path('s')}`)
  return {
    server,
    client,
    close: async () => {
      await client.close()
      await server.close()
    },
  }
}

/** A value there and back. */
const encoded = async ({ path }: Place, codec: CodecName, value: unknown): Promise<void> => {
  const server = await EventServer.listen(`unix:${path('s')}`, { codecs: [codec] })
  server.handle('echo', (input) => input)
  const client = await EventClient.connect(`unix:${path('s')}`, { codec })
  if (!isDeepStrictEqual(await client.request('echo', value), value))
    throw new Error('another value came back')
  await client.close()
  await server.close()
}

const linked = async ({ path }: Place, upgrade?: 'offer'): Promise<void> => {
  const channel = `uds-runtimes-${process.pid}`
  const options = { directory: dirname(path('x')), ...(upgrade && { upgrade }) }
  const server = new Linker('server', channel, false, options)
  const heard = new Promise((resolve) => server.receive('say', resolve))
  const client = new Linker('client', channel, false, options)
  client.send('say', 'hello')
  same(await heard, 'hello')
  await client.close()
  await server.close()
}

export const events: Cases = {
  emit: async (place) => {
    const { server, client, close } = await meeting(place)
    const said = server.once('say')
    client.emit('say', 'hello')
    same((await said)[0], 'hello')
    await close()
  },
  'send of 1 MiB of bytes': async (place) => {
    const { server, client, close } = await meeting(place)
    let length = 0
    server.on('bytes', (bytes) => void (length = bytes.length))
    await client.send('bytes', new Uint8Array(2 ** 20))
    same(length, 2 ** 20)
    await close()
  },
  request: async (place) => {
    const { server, client, close } = await meeting(place)
    server.handle('add', ([a, b]) => a + b)
    same(await client.request('add', [1, 2]), 3)
    await close()
  },
  stream: async (place) => {
    const { server, client, close } = await meeting(place)
    server.handle('count', async function* (to) {
      for (let number = 0; number < to; number += 1) yield number
    })
    const found: number[] = []
    for await (const number of client.stream('count', 3)) found.push(number)
    same(found, [0, 1, 2])
    await close()
  },
  'same user': async (place) => {
    const { client, close } = await meeting(place, { authorize: 'sameUser' })
    await client.ping()
    await close()
  },
  journal: async ({ path }) => {
    const server = await EventServer.listen<Map>(`unix:${path('s')}`, { journal: { path: path('j') } })
    let heard = ''
    server.on('say', (text) => void (heard = text))
    const client = await EventClient.connect<Map>(`unix:${path('s')}`, { journal: { path: path('k') } })
    await client.send('say', 'kept')
    same(heard, 'kept')
    await client.close()
    await server.close()
  },
  'codec msgpack': (place) => encoded(place, 'msgpack', { at: new Date(7), bytes: Buffer.from('b') }),
  'codec structuredClone': (place) => encoded(place, 'structuredClone', new Set(['a', 1n])),
  'codec raw': (place) => encoded(place, 'raw', Buffer.from('bytes')),
  reconnect: async ({ path }) => {
    const first = await EventServer.listen<Map>(`unix:${path('s')}`)
    const client = await EventClient.connect<Map>(`unix:${path('s')}`, { offline: { policy: 'wait' } })
    await first.close()
    const sent = client.send('say', 'again')
    const next = EventServer.detached<Map>()
    const heard = next.once('say')
    await next.listen(`unix:${path('s')}`)
    same((await heard)[0], 'again')
    await sent
    await client.close()
    await next.close()
  },
  rooms: async (place) => {
    const { server, client, close } = await meeting(place)
    server.peers[0]!.join('news')
    const heard = client.once('told')
    server.to('news').emit('told', 'it')
    same((await heard)[0], 'it')
    await close()
  },
  lines: async ({ path }) => {
    const said: string[] = []
    const server = new LineServer({
      path: path('l'),
      withAck: true,
      handler: (line) => void said.push(line),
      logger: false,
    })
    await server.run()
    const client = await LineClient.connect({ path: path('l') })
    await client.sendAndWait('hello')
    same(said.length, 1)
    await client.exit()
    await server.shutdown()
  },
  'Linker, with the offer to upgrade': (place) => linked(place, 'offer'),
  Linker: (place) => linked(place),
}
