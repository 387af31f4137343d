// A broadcast to many clients, and what an idle client costs the server in memory.
import { EventClient, EventServer } from '../../src/index.ts'
import { job, ready, result, text } from './subject.ts'

interface Map {
  toClient: { message: string }
  requests: { go(): number }
}

const CLIENTS = 1000
const { role, address, count } = job()
const megabytes = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1024 / 1024
}

if (role === 'server') {
  const server = await EventServer.listen<Map>(`unix:${address}`)
  const before = megabytes()
  server.handle('go', () => {
    const each = ((megabytes() - before) * 1024) / CLIENTS
    for (let at = 0; at < count / CLIENTS; at++) server.broadcast('message', text)
    return each
  })
  ready()
} else {
  const clients: EventClient<Map>[] = []
  let seen = 0
  const all = Promise.withResolvers<void>()
  for (let at = 0; at < CLIENTS; at++) {
    const client = await EventClient.connect<Map>(`unix:${address}`)
    client.on('message', () => {
      if (++seen === count) all.resolve()
    })
    clients.push(client)
  }
  ready()
  const startedAt = performance.now()
  const kibPerClient = (await clients[0]?.request('go')) ?? Number.NaN
  await all.promise
  result(count, startedAt, { kibPerClient })
}
