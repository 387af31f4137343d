/** @uds/events under faults. */
import { rmSync } from 'node:fs'
import { EventClient, EventServer, LineClient, LineServer } from '@uds/events'
import { same, type Operations, type Place } from './operation.ts'

const meeting = async (
  { path, own }: Place,
  options: { authorize?: 'sameUser' } = {},
): Promise<{ readonly server: EventServer; readonly client: EventClient }> => {
  const server = await EventServer.listen(`unix:${path('s')}`, options)
  own({ close: () => server.close({ graceMs: 0 }) })
  server.on('error', () => {})
  const client = await EventClient.connect(`unix:${path('s')}`, { timeoutMs: 2000 })
  own({ close: () => client.close({ graceMs: 0 }) })
  client.on('error', () => {})
  return { server, client }
}

export const events: Operations = {
  'send and request': async (place) => {
    const { server, client } = await meeting(place)
    const got: unknown[] = []
    server.on('say', (data) => got.push(data))
    server.handle('double', (input) => (input as number) * 2)
    await client.send('say', 'hello')
    same(await client.request('double', 21), 42)
    same(got, ['hello'])
  },
  'the same user': async (place) => {
    const { client } = await meeting(place, { authorize: 'sameUser' })
    await client.ping()
  },
  'a journal at each end': async ({ path, own }) => {
    // A journal is kept: that is what it is for.
    own({
      close: () => ['j', 'j-lock', 'k', 'k-lock'].forEach((name) => rmSync(path(name), { force: true })),
    })
    const server = await EventServer.listen(`unix:${path('s')}`, { journal: { path: path('j') } })
    own({ close: () => server.close({ graceMs: 0 }) })
    server.on('error', () => {})
    const got: unknown[] = []
    server.on('say', (data) => got.push(data))
    const client = await EventClient.connect(`unix:${path('s')}`, { journal: { path: path('k') } })
    own({ close: () => client.close({ graceMs: 0 }) })
    await client.send('say', 'kept')
    same(got, ['kept'])
  },
  'a line and its acknowledgement': async ({ path, own }) => {
    const lines: string[] = []
    const server = new LineServer({
      path: path('l'),
      withAck: true,
      handler: (line) => void lines.push(line),
      logger: false,
    })
    await server.run()
    own({ close: () => server.shutdown() })
    const client = await LineClient.connect({ path: path('l') })
    own({ close: () => client.exit() })
    await client.sendAndWait('hello')
    same(lines.length, 1)
  },
}
