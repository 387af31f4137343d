// @uds/events, with everything switched on as a user gets it. The variant is the codec.
import type * as Events from '@uds/events'
import { arrivals, bytesOf, checker, job, load, ready, result, roundTrips, textOf } from './subject.ts'

interface Map {
  events: { message: string | Uint8Array }
  requests: { echo(input: string | Uint8Array): string | Uint8Array }
}

const { EventClient, EventServer } = (await load('events')) as typeof Events
const { role, address, work, count, size, variant } = job()
const codec = variant as Events.CodecName
const payload = codec === 'raw' ? bytesOf(size) : textOf(size)
const check = checker(size)
if (role === 'server') {
  const server = await EventServer.listen<Map>(`unix:${address}`)
  const arrived = work === 'send' ? () => {} : arrivals(count)
  server.on('message', (value) => {
    check(value)
    arrived()
  })
  server.handle('echo', (input) => input)
  ready()
} else {
  const client = await EventClient.connect<Map>(`unix:${address}`, { codec })
  if (work === 'one-way') {
    ready()
    for (let at = 0; at < count; at++) if (!client.emit('message', payload)) await client.once('drain')
  } else if (work === 'send') {
    const run = async (total: number): Promise<void> => {
      const window = 1024
      for (let at = 0; at < total; at += window) {
        const all: Promise<void>[] = []
        for (let each = 0; each < window; each++) all.push(client.send('message', payload))
        await Promise.all(all)
      }
    }
    await run(count / 5)
    ready()
    const startedAt = performance.now()
    await run(count)
    result(Math.ceil(count / 1024) * 1024, startedAt)
  } else {
    await roundTrips(count, work === 'ping-1' ? 1 : 64, async () =>
      check(await client.request('echo', payload)),
    )
  }
}
