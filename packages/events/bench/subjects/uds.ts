// This package, with everything switched on as a user gets it. The codec comes as the fifth argument.
import { EventClient, EventServer } from '../../src/index.ts'
import type { CodecName } from '../../src/index.ts'
import { arrivals, bytes, job, ready, result, roundTrips, text } from './subject.ts'

interface Map {
  events: { message: string | Uint8Array }
  requests: { echo(input: string | Uint8Array): string | Uint8Array }
}

const { role, address, work, count } = job()
const codec = (process.argv[6] ?? 'json') as CodecName
const payload = codec === 'raw' ? bytes : text
if (role === 'server') {
  const server = await EventServer.listen<Map>(`unix:${address}`)
  if (work === 'send') server.on('message', () => {})
  else server.on('message', arrivals(count))
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
    await roundTrips(count, work === 'ping-1' ? 1 : 64, () => client.request('echo', payload))
  }
}
