import { EventClient, EventServer, LineClient, LineServer, Linker } from '@uds/events'
import { dirname } from 'node:path'
import { same, type Cases, type Place } from './case.ts'

interface Map {
  toServer: { say: string; bytes: Uint8Array }
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
  Linker: async ({ path }) => {
    const channel = `uds-runtimes-${process.pid}`
    const options = { directory: dirname(path('x')) }
    const server = new Linker('server', channel, false, options)
    const heard = new Promise((resolve) => server.receive('say', resolve))
    const client = new Linker('client', channel, false, options)
    client.send('say', 'hello')
    same(await heard, 'hello')
    await client.close()
    await server.close()
  },
}
